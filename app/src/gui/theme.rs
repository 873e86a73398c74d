//! How everything looks: the only file that names a colour.
//!
//! One [`Tokens`] value for dark and one for light; panes take colours from it and never make their own.
//! egui's own visuals are derived from the same tokens.
//!
//! Must not know: the model, any pane.

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, FontTweak, Margin, Shadow,
    Stroke, Style, TextStyle, Theme, ThemePreference, Vec2, Visuals, epaint::text::VariationCoords,
};
use lucide_icons::Icon;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which theme a person asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThemeChoice {
    /// As the desktop says.
    System,
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
}

impl From<ThemeChoice> for ThemePreference {
    fn from(choice: ThemeChoice) -> ThemePreference {
        match choice {
            ThemeChoice::System => ThemePreference::System,
            ThemeChoice::Dark => ThemePreference::Dark,
            ThemeChoice::Light => ThemePreference::Light,
        }
    }
}

/// Height of a row of code, of a tree and of a list, in points.
pub const ROW_HEIGHT: f32 = 19.0;
/// Size of code and values, in points.
pub const CODE_SIZE: f32 = 12.5;
/// Size of plain text, in points.
pub const TEXT_SIZE: f32 = 13.0;
/// Size of captions, in points.
pub const SMALL_SIZE: f32 = 11.0;

const ICONS: &str = "icons";
const STRONG: &str = "strong";

/// The design's colours, by what they mean.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Behind panes' contents.
    pub canvas: Color32,
    /// Behind bars and between panes.
    pub chrome: Color32,
    /// Cards, buttons, table headings.
    pub raised: Color32,
    /// Under the pointer.
    pub hover: Color32,
    /// Lines between things.
    pub border: Color32,
    /// Text.
    pub text: Color32,
    /// Text that matters less.
    pub weak: Color32,
    /// Text that matters least: line numbers, zero bytes.
    pub faint: Color32,
    /// The product's own colour: selection, links, the selected frame.
    pub accent: Color32,
    /// Behind selected things.
    pub accent_bg: Color32,
    /// Where the guest stands.
    pub current: Color32,
    /// Behind the line where the guest stands.
    pub current_bg: Color32,
    /// Behind a caller's line.
    pub caller_bg: Color32,
    /// Breakpoints that bound.
    pub breakpoint: Color32,
    /// Values that changed since the last stop.
    pub changed: Color32,
    /// Behind bytes that changed since the last stop.
    pub changed_bg: Color32,
    /// Faults.
    pub error: Color32,
    /// Behind faults.
    pub error_bg: Color32,
    /// Things to know.
    pub warning: Color32,
    /// Running, done well.
    pub good: Color32,
    /// Code: keywords and control instructions.
    pub keyword: Color32,
    /// Code: types and instruction prefixes.
    pub type_name: Color32,
    /// Code: strings and characters.
    pub string: Color32,
    /// Code: numbers.
    pub number: Color32,
    /// Code: comments.
    pub comment: Color32,
    /// Code: names that are called, and `$names` in wasm text.
    pub function: Color32,
    /// Code: preprocessor lines and attributes.
    pub attribute: Color32,
    /// Over everything while a dialog is open.
    pub backdrop: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    let [_, r, g, b] = hex.to_be_bytes();
    Color32::from_rgb(r, g, b)
}

static DARK: Tokens = Tokens {
    canvas: rgb(0x15191f),
    chrome: rgb(0x1c2128),
    raised: rgb(0x262d36),
    hover: rgb(0x303945),
    border: rgb(0x2d343e),
    text: rgb(0xd8dee6),
    weak: rgb(0x97a3b2),
    faint: rgb(0x647080),
    accent: rgb(0x56c2cf),
    accent_bg: rgb(0x1f424b),
    current: rgb(0xf5c451),
    current_bg: rgb(0x3a3322),
    caller_bg: rgb(0x1f2d38),
    breakpoint: rgb(0xea5a52),
    changed: rgb(0xf2a75c),
    changed_bg: rgb(0x4a3420),
    error: rgb(0xf37b73),
    error_bg: rgb(0x351f22),
    warning: rgb(0xe3b45c),
    good: rgb(0x7ecb8f),
    keyword: rgb(0x8ab4f2),
    type_name: rgb(0x6fcbc4),
    string: rgb(0xb0cc82),
    number: rgb(0xe0ac76),
    comment: rgb(0x748191),
    function: rgb(0xdccb8f),
    attribute: rgb(0xbf9bcb),
    backdrop: Color32::from_rgba_premultiplied(0, 0, 0, 130),
};

static LIGHT: Tokens = Tokens {
    canvas: rgb(0xffffff),
    chrome: rgb(0xf2f4f7),
    raised: rgb(0xe6eaef),
    hover: rgb(0xd9e0e8),
    border: rgb(0xd3d9e1),
    text: rgb(0x1d2530),
    weak: rgb(0x566273),
    faint: rgb(0x8390a0),
    accent: rgb(0x0b7a8c),
    accent_bg: rgb(0xcfebef),
    current: rgb(0xb07800),
    current_bg: rgb(0xfdf1c8),
    caller_bg: rgb(0xe6f0f7),
    breakpoint: rgb(0xd3332c),
    changed: rgb(0xb35a00),
    changed_bg: rgb(0xffe3c4),
    error: rgb(0xc22d26),
    error_bg: rgb(0xfdebe9),
    warning: rgb(0x956400),
    good: rgb(0x2c7d41),
    keyword: rgb(0x2857b8),
    type_name: rgb(0x0a7a74),
    string: rgb(0x4c7a17),
    number: rgb(0xa2560f),
    comment: rgb(0x738090),
    function: rgb(0x7d5f00),
    attribute: rgb(0x8a4b9c),
    backdrop: Color32::from_rgba_premultiplied(0, 0, 0, 70),
};

impl Tokens {
    /// The tokens of the theme in use.
    pub fn of(ctx: &Context) -> &'static Tokens {
        match ctx.theme() {
            Theme::Dark => &DARK,
            Theme::Light => &LIGHT,
        }
    }
}

/// The font of code and values.
pub fn code_font() -> FontId {
    FontId::monospace(CODE_SIZE)
}

/// The font of bytes: smaller, since sixteen of them want to stand in a row.
pub fn hex_font() -> FontId {
    FontId::monospace(CODE_SIZE - 1.0)
}

/// The font of plain text.
pub fn text_font() -> FontId {
    FontId::proportional(TEXT_SIZE)
}

/// The font of captions.
pub fn small_font() -> FontId {
    FontId::proportional(SMALL_SIZE)
}

/// The font of headings of size `size` points.
pub fn strong_font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

/// The font of icons of size `size` points.
pub fn icon_font(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(ICONS.into()))
}

/// An icon as text.
pub fn icon(icon: Icon, size: f32) -> egui::RichText {
    egui::RichText::new(char::from(icon).to_string()).font(icon_font(size))
}

/// Installs fonts and both themes, and chooses one. `still` turns off everything that moves by itself.
pub fn install(ctx: &Context, choice: ThemeChoice, still: bool) {
    ctx.set_fonts(fonts());
    ctx.set_style_of(Theme::Dark, style(&DARK, true, still));
    ctx.set_style_of(Theme::Light, style(&LIGHT, false, still));
    ctx.set_theme(ThemePreference::from(choice));
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let sans = include_bytes!("../../../assets/fonts/IBMPlexSans.ttf");
    let mono = include_bytes!("../../../assets/fonts/IBMPlexMono-Regular.ttf");
    let mut add = |name: &str, bytes: &'static [u8], tweak: FontTweak| {
        let data = FontData::from_static(bytes).tweak(tweak);
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    };
    add("plex", sans, FontTweak::default());
    let bold = FontTweak {
        coords: VariationCoords::new([(b"wght", 600.0)]),
        ..FontTweak::default()
    };
    add("plex-strong", sans, bold);
    add("plex-mono", mono, FontTweak::default());
    let centred = FontTweak {
        y_offset_factor: 0.0,
        ..FontTweak::default()
    };
    add("lucide", lucide_icons::LUCIDE_FONT_BYTES, centred);

    let fallback = fonts
        .families
        .get(&FontFamily::Proportional)
        .cloned()
        .unwrap_or_default();
    let with = |first: &str, rest: &[String]| {
        let mut names = vec![first.to_owned()];
        names.extend_from_slice(rest);
        names
    };
    let mono_fallback = fonts
        .families
        .get(&FontFamily::Monospace)
        .cloned()
        .unwrap_or_default();
    let strong = FontFamily::Name(STRONG.into());
    let icons = FontFamily::Name(ICONS.into());
    fonts
        .families
        .insert(FontFamily::Proportional, with("plex", &fallback));
    fonts
        .families
        .insert(FontFamily::Monospace, with("plex-mono", &mono_fallback));
    fonts.families.insert(strong, with("plex-strong", &fallback));
    fonts.families.insert(icons, with("lucide", &fallback));
    fonts
}

fn style(t: &Tokens, dark: bool, still: bool) -> Style {
    let mut style = Style {
        text_styles: [
            (TextStyle::Heading, strong_font(18.0)),
            (TextStyle::Body, text_font()),
            (TextStyle::Button, text_font()),
            (TextStyle::Small, small_font()),
            (TextStyle::Monospace, code_font()),
        ]
        .into(),
        visuals: visuals(t, dark),
        ..Style::default()
    };
    let spacing = &mut style.spacing;
    spacing.item_spacing = Vec2::new(8.0, 4.0);
    spacing.button_padding = Vec2::new(8.0, 3.0);
    spacing.interact_size = Vec2::new(28.0, 24.0);
    spacing.menu_margin = Margin::same(6);
    spacing.window_margin = Margin::same(14);
    spacing.indent = 16.0;
    spacing.scroll = egui::style::ScrollStyle {
        bar_width: 9.0,
        floating_allocated_width: 0.0,
        ..egui::style::ScrollStyle::floating()
    };
    spacing.tooltip_width = 480.0;
    if still {
        style.animation_time = 0.0;
        style.visuals.text_cursor.blink = false;
        style.scroll_animation = egui::style::ScrollAnimation::none();
    } else {
        style.animation_time = 0.08;
    }
    style.interaction.tooltip_delay = 0.4;
    style
}

fn visuals(t: &Tokens, dark: bool) -> Visuals {
    let mut v = if dark { Visuals::dark() } else { Visuals::light() };
    let radius = CornerRadius::same(5);
    let border = Stroke::new(1.0, t.border);
    v.panel_fill = t.chrome;
    v.window_fill = t.chrome;
    v.window_stroke = border;
    v.window_corner_radius = CornerRadius::same(9);
    v.menu_corner_radius = CornerRadius::same(7);
    v.extreme_bg_color = t.canvas;
    v.text_edit_bg_color = Some(t.canvas);
    v.faint_bg_color = t.raised;
    v.code_bg_color = t.raised;
    v.hyperlink_color = t.accent;
    v.warn_fg_color = t.warning;
    v.error_fg_color = t.error;
    v.weak_text_color = Some(t.weak);
    v.selection.bg_fill = t.accent_bg;
    v.selection.stroke = Stroke::new(1.0, t.accent);
    v.text_cursor.stroke = Stroke::new(1.5, t.accent);
    v.popup_shadow = Shadow {
        offset: [0, 6],
        blur: 18,
        spread: 0,
        color: t.backdrop,
    };
    v.window_shadow = v.popup_shadow;
    v.indent_has_left_vline = false;
    v.striped = false;

    let w = &mut v.widgets;
    for state in [
        &mut w.noninteractive,
        &mut w.inactive,
        &mut w.hovered,
        &mut w.active,
        &mut w.open,
    ] {
        state.corner_radius = radius;
        state.expansion = 0.0;
        state.fg_stroke = Stroke::new(1.0, t.text);
        state.bg_stroke = border;
    }
    w.noninteractive.bg_fill = t.chrome;
    w.noninteractive.weak_bg_fill = t.chrome;
    w.inactive.bg_fill = t.raised;
    w.inactive.weak_bg_fill = t.raised;
    w.hovered.bg_fill = t.hover;
    w.hovered.weak_bg_fill = t.hover;
    w.active.bg_fill = t.accent_bg;
    w.active.weak_bg_fill = t.accent_bg;
    w.open.bg_fill = t.hover;
    w.open.weak_bg_fill = t.hover;
    v
}
