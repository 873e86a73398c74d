//! A little bank in Rust: structs, enums with data, Option and Result, Vec, String, HashMap, traits, closures.
//!
//!     bank          work through the orders and print the books
//!     bank fault    the same, then an index out of bounds: a panic, which ends in `unreachable`
use std::collections::{BTreeMap, HashMap};
use std::fmt;

#[derive(Debug, Clone, PartialEq)]
enum Order {
    Open { owner: String },
    Pay(u32, i64),
    Move { from: u32, to: u32, cents: i64 },
    Close(u32),
}

#[derive(Debug)]
enum Refusal {
    NoAccount(u32),
    Short { need: i64, have: i64 },
    NotEmpty,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NoAccount(id) => write!(f, "there is no account {id}"),
            Refusal::Short { need, have } => write!(f, "{need} cents needed, {have} there"),
            Refusal::NotEmpty => f.write_str("the account is not empty"),
        }
    }
}

#[derive(Debug, Clone)]
struct Account {
    owner: String,
    cents: i64,
    history: Vec<i64>,
}

#[derive(Default)]
struct Bank {
    accounts: HashMap<u32, Account>,
    next: u32,
}

impl Bank {
    fn account(&mut self, id: u32) -> Result<&mut Account, Refusal> {
        self.accounts.get_mut(&id).ok_or(Refusal::NoAccount(id))
    }

    fn pay(&mut self, id: u32, cents: i64) -> Result<(), Refusal> {
        let account = self.account(id)?;
        if account.cents + cents < 0 {
            return Err(Refusal::Short { need: -cents, have: account.cents });
        }
        account.cents += cents;
        account.history.push(cents);
        Ok(())
    }

    fn carry_out(&mut self, order: &Order) -> Result<(), Refusal> {
        match order {
            Order::Open { owner } => {
                self.next += 1;
                self.accounts.insert(self.next, Account { owner: owner.clone(), cents: 0, history: Vec::new() });
                Ok(())
            }
            Order::Pay(id, cents) => self.pay(*id, *cents),
            Order::Move { from, to, cents } => {
                self.account(*to)?;
                self.pay(*from, -cents)?;
                self.pay(*to, *cents)
            }
            Order::Close(id) => {
                if self.account(*id)?.cents != 0 {
                    return Err(Refusal::NotEmpty);
                }
                self.accounts.remove(id);
                Ok(())
            }
        }
    }
}

fn orders() -> Vec<Order> {
    let mut orders: Vec<Order> =
        ["Ada", "Bo", "Cy"].iter().map(|name| Order::Open { owner: name.to_string() }).collect();
    orders.extend([
        Order::Pay(1, 10_000),
        Order::Pay(2, 250),
        Order::Move { from: 1, to: 3, cents: 1_999 },
        Order::Move { from: 2, to: 1, cents: 300 },
        Order::Pay(7, 1),
        Order::Close(1),
        Order::Pay(2, -250),
        Order::Close(2),
    ]);
    orders
}

fn nth_balance(balances: &[i64], n: usize) -> i64 {
    balances[n]
}

fn main() {
    let mut bank = Bank::default();
    for order in &orders() {
        match bank.carry_out(order) {
            Ok(()) => println!("done     {order:?}"),
            Err(why) => println!("refused  {order:?}: {why}"),
        }
    }
    let books: BTreeMap<_, _> = bank.accounts.iter().collect();
    for (id, account) in &books {
        println!("{id}: {:<4} {:>8.2} {:?}", account.owner, account.cents as f64 / 100.0, account.history);
    }
    let balances: Vec<i64> = books.values().map(|account| account.cents).collect();
    println!("together {}", balances.iter().sum::<i64>());
    if std::env::args().nth(1).as_deref() == Some("fault") {
        println!("{}", nth_balance(&balances, 5));
    }
}
