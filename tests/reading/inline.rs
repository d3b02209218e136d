//! Text inside a block.
use firedeck::runbook::document::inline::{bare, bold_lead, code_spans, lead, links, plain};

#[test]
fn plain_text_has_no_marks() {
    for (markdown, text) in [
        ("**Check** the *pods* of `a_b*c`", "Check the pods of a_b*c"),
        ("__all__ of snake_case_names and _one_", "all of snake_case_names and one"),
        ("***both*** ~~gone~~ 2 * 3 * 4", "both gone 2 * 3 * 4"),
        ("[the **guide**](https://x.test/a_(b)) ![pic](p.png) [Pager/Phone]", "the guide pic [Pager/Phone]"),
        ("[a][ref] and text[^1]", "a and text"),
        ("a &amp; b &lt;pod&gt; &#8594; x", "a & b <pod> → x"),
        (":warning: Mind :rocket:", "Mind"),
        ("at 10:30:45 in a:b:c", "at 10:30:45 in a:b:c"),
        ("<b>x</b> <pod-name> <https://x.test>", "x <pod-name> https://x.test"),
        ("one\ntwo <!-- no --> \\*three\\*", "one two  *three*"),
        ("`` a ` b ``", "a ` b"),
        ("delete *.log and /tmp/*", "delete *.log and /tmp/*"),
        ("zero\u{200b}width", "zerowidth"),
    ] {
        assert_eq!(plain(markdown), text, "{markdown}");
    }
}

#[test]
fn a_bold_lead_is_a_key_and_its_value() {
    let told = |markdown| bold_lead(markdown).map(|(bold, rest)| format!("{bold}|{rest}"));
    assert_eq!(told("**Key:** value").as_deref(), Some("Key|value"));
    assert_eq!(told("**Key**: `value`").as_deref(), Some("Key|`value`"));
    assert_eq!(told("__x__").as_deref(), Some("x|"));
    assert_eq!(told("**1. Title** (0-5 min)").as_deref(), Some("1. Title|(0-5 min)"));
    assert_eq!(told("***Note***: a").as_deref(), Some("Note|a"));
    assert_eq!(told("** no **"), None);
    assert_eq!(told("no **bold** first"), None);
    assert!(lead("**a:**").is_some_and(|lead| lead.colon));
    assert!(lead("**a** b").is_some_and(|lead| !lead.colon));
}

#[test]
fn code_is_found_with_its_place() {
    let text = "a `b` c ``d ` e`` \\`f` g";
    let found = code_spans(text);
    assert_eq!(found.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>(), ["b", "d ` e"]);
    assert_eq!(&text[found[1].0.clone()], "``d ` e``");
}

#[test]
fn links_are_found_in_all_their_forms() {
    let told =
        |markdown| links(markdown).into_iter().map(|(text, url)| format!("{text}={url}")).collect::<Vec<_>>();
    assert_eq!(told("[a](b.md#c \"t\")"), ["a=b.md#c"]);
    assert_eq!(
        told("see https://x.test/y. And <http://z.test>"),
        ["https://x.test/y=https://x.test/y", "http://z.test=http://z.test"]
    );
    assert_eq!(told("(at https://x.test/a)"), ["https://x.test/a=https://x.test/a"]);
    assert_eq!(told("`https://x.test`"), Vec::<String>::new());
    assert_eq!(told("![p](p.png)"), Vec::<String>::new());
}

#[test]
fn pictures_are_taken_from_both_ends() {
    assert_eq!(bare("🚨 Emergency Procedures"), "Emergency Procedures");
    assert_eq!(bare("✅ done ⚠️"), "done");
    assert_eq!(bare("#3 plain"), "#3 plain");
}
