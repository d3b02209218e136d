//! Which tests the embedded world is not asked stands in `conf/real-only`, with the reasons.
use std::process::Command;

const LIST: &str = include_str!("conf/real-only");

#[test]
fn what_is_left_out_on_the_world_is_a_test_and_says_why() {
    let output = Command::new(std::env::current_exe().expect("this program")).args(["--list"]).output();
    let all = String::from_utf8(output.expect("it lists itself").stdout).expect("text");
    for line in LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (name, why) = line.split_once(' ').expect("a name, and why");
        assert!(all.lines().any(|test| test.starts_with(name)), "there is no test `{name}`");
        assert!(!why.trim().is_empty(), "`{name}` without a reason");
    }
}
