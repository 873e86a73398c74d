//! Sessions with modules and guests that mean ill.

mod session_support;

use session_support::Client;
use stepwell_engine::debugger::{Command, Event, Outcome};

#[test]
fn a_module_of_very_many_exports_opens() {
    const COUNT: usize = 30_000;
    let mut wat = String::from("(module (func (export \"_start\"))");
    for index in 0..COUNT {
        wat += &format!(
            "(func)(export \"e{index}\" (func 0))(global i32 (i32.const 0))(export \"g{index}\" (global 0))"
        );
    }
    let mut client = Client::of_text(&(wat + ")"), false);
    let info = client.wait(|event| match event {
        Event::Loaded(info) => Some(info),
        _ => None,
    });
    assert_eq!(info.functions.len(), COUNT + 1);
    assert_eq!(info.functions[0].name, "_start");
    assert_eq!(info.functions[1].name, "func[1]");
    assert_eq!(info.globals[0].name.as_deref(), Some("g0"));
    client.session.send(Command::Start);
    assert_eq!(client.ended(), Outcome::Exited { code: 0 });
}
