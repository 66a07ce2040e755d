//! What the electors here share: their flags, and JSON lines as tests/live/tools/elector prints them.

use std::{collections::HashMap, io::Write, time::Duration};

pub const BELIEF_PERIOD: Duration = Duration::from_millis(20);

/// `--key=value` and `--key`, which is true.
pub struct Flags(HashMap<String, String>);

impl Flags {
    pub fn read() -> Flags {
        let pairs = std::env::args().skip(1).map(|argument| {
            let text = argument.trim_start_matches("--");
            let (key, value) = text.split_once('=').unwrap_or((text, "true"));
            (key.to_string(), value.to_string())
        });
        Flags(pairs.collect())
    }
    pub fn get(&self, key: &str) -> &str {
        match self.0.get(key) {
            Some(value) => value,
            None => {
                eprintln!("--{key}=... is missing");
                std::process::exit(64)
            }
        }
    }
    pub fn is(&self, key: &str) -> bool {
        self.0.get(key).map(String::as_str) == Some("true")
    }
    pub fn file(&self, key: &str) -> Vec<u8> {
        std::fs::read(self.get(key)).expect("a file that can be read")
    }
}

/// Prints what its user would believe.
pub struct Reporter {
    id: String,
    leads: bool,
}

impl Reporter {
    pub fn new(id: &str) -> Reporter {
        let reporter = Reporter { id: id.into(), leads: false };
        reporter.say("running");
        reporter
    }
    /// To be called every BELIEF_PERIOD.
    pub fn leads(&mut self, leads: bool) {
        match (self.leads, leads) {
            (false, true) => self.say("started"),
            (true, true) => self.say("belief"),
            (true, false) => self.say("cancelled"),
            (false, false) => {}
        }
        self.leads = leads;
    }
    pub fn say(&self, event: &str) {
        let line = format!("{{\"at\":{},\"event\":\"{event}\",\"id\":\"{}\"}}\n", boottime(), self.id);
        let mut out = std::io::stdout().lock();
        if out.write_all(line.as_bytes()).and_then(|()| out.flush()).is_err() {
            std::process::exit(1) // nobody reads any more
        }
    }
}

fn boottime() -> i128 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes a timespec, and the pointer is to one.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut now) };
    assert_eq!(result, 0);
    i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
}
