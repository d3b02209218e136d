//! Headings, lists, tables, boxes, front matter: each line of a document ends in the block it belongs to.
use firedeck::runbook::document::{What, read};

use super::shape::{shape, shapes};

#[test]
fn headings_are_found_in_all_their_forms() {
    let text =
        "# One #\n\nTwo\n===\n\nThree\n---\n\n##Four\n\n###### Six\n\n#Seven\n\n####### eight\n#channel\n";
    assert_eq!(
        shape(text),
        [
            "1 h1 One",
            "3 h1 Two",
            "6 h2 Three",
            "9 h2 Four",
            "11 h6 Six",
            "13 h1 Seven",
            "15 p ####### eight / #channel"
        ]
    );
}

#[test]
fn a_hash_in_running_text_is_no_heading() {
    assert_eq!(shape("tell\n#oncall\nand #help\n"), ["1 p tell / #oncall / and #help"]);
    assert_eq!(shape("see\n##43 of the list\n"), ["1 p see / ##43 of the list"]);
}

#[test]
fn a_rule_below_metadata_is_a_rule() {
    assert_eq!(shape("**Owner:** crew\n---\n"), ["1 p **Owner:** crew", "2 rule"]);
    assert_eq!(shape("one\ntwo\n---\n"), ["1 p one / two", "3 rule"]);
    assert_eq!(shape("* * *\n___\n"), ["1 rule", "2 rule"]);
}

#[test]
fn lists_nest_by_their_indentation_however_bad() {
    let text = "1. one\n  - a\n   - b\n     - c\n\n   text of one\n2) two\n   lazy\nlazier\n\nend\n";
    assert_eq!(
        shape(text),
        [
            "1 1. one",
            "2 - a <1",
            "3 - b <1",
            "4 - c <3",
            "6 p text of one <1",
            "7 2. two / lazy / lazier",
            "11 p end"
        ]
    );
}

#[test]
fn a_list_of_another_kind_nests_by_one_column() {
    assert_eq!(shape("1. one\n - a\n - b\n2. two\n"), ["1 1. one", "2 - a <1", "3 - b <1", "4 2. two"]);
    assert_eq!(shape("- one\n - two\n"), ["1 - one", "2 - two"]);
    assert_eq!(shape("- one\n\n end\n"), ["1 - one", "3 p end"]);
}

#[test]
fn checkboxes_say_whether_they_are_ticked() {
    let text = "- [ ] open\n* [x] done\n+ [X] done too\n1. [ ] numbered\n- [y] none\n";
    assert_eq!(
        shape(text),
        ["1 - [ ] open", "2 - [x] done", "3 - [x] done too", "4 1. [ ] numbered", "5 - [y] none"]
    );
}

#[test]
fn numbers_in_running_text_begin_no_list() {
    assert_eq!(shape("the limit is\n80. No more.\n"), ["1 p the limit is / 80. No more."]);
    assert_eq!(shape("go on with:\n4. pull\n5. push\n"), ["1 p go on with:", "2 4. pull", "3 5. push"]);
    assert_eq!(shape("1.Pull\n2.Push\n1.5 GB\n"), ["1 1. Pull", "2 2. Push / 1.5 GB"]);
}

#[test]
fn several_marks_on_a_line_are_several_items() {
    assert_eq!(shape("- 1. both\n"), ["1 -", "1 1. both <1"]);
    assert_eq!(shape("1. ### Pull\n\n   text\n"), ["1 1.", "1 h3 Pull <1", "3 p text <1"]);
}

#[test]
fn fences_belong_to_the_item_they_are_indented_under() {
    let text =
        "1. one\n   ```sh\n   ls\n   ```\n\n   ```sh\n     pwd\n   ```\n2. two\n```sh\nid\n```\n3. three\n";
    assert_eq!(
        shape(text),
        ["1 1. one", "2 f(sh) ls <1", "6 f(sh)   pwd <1", "9 2. two", "10 f(sh) id", "13 3. three"]
    );
}

#[test]
fn a_fence_can_stand_behind_the_mark_of_its_item() {
    assert_eq!(shape("- ```sh\n  ls\n  ```\n- next\n"), ["1 -", "1 f(sh) ls <1", "4 - next"]);
}

#[test]
fn code_by_indentation_keeps_its_blank_lines() {
    let text = "run\n\n    ls\n\n      pwd\n\ndone\n";
    assert_eq!(shape(text), ["1 p run", "3 code ls /  /   pwd", "7 p done"]);
    assert_eq!(shape("- a\n\n      ls\n\n  text\n"), ["1 - a", "3 code ls <1", "5 p text <1"]);
    assert_eq!(shape("\tls -l\n"), ["1 code ls -l"]);
}

#[test]
fn tables_are_read_with_and_without_outer_pipes() {
    let text = "who | how\n--- | :-:\na | `x|y` \nb | c \\| d\ne\n";
    let blocks = read(text);
    assert_eq!(shapes(&blocks), ["1 t who | how + 2 rows", "5 p e"]);
    let What::Table(table) = &blocks.blocks[0].what else { panic!("no table") };
    assert_eq!(table.rows[0].cells, ["a", "`x|y`"]);
    assert_eq!(table.rows[1].cells, ["b", "c | d"]);
    assert_eq!(table.rows[1].line, 4);
}

#[test]
fn rows_have_as_many_cells_as_the_header() {
    let text = "text\n| a | b |\n|---|---|\n| 1 |\n| 1 | 2 | 3 |\n| `1 | 2` |\n";
    let blocks = read(text);
    let What::Table(table) = &blocks.blocks[1].what else { panic!("no table") };
    assert_eq!(table.rows[0].cells, ["1", ""]);
    assert_eq!(table.rows[1].cells, ["1", "2 | 3"]);
    assert_eq!(table.rows[2].cells, ["`1", "2`"]);
}

#[test]
fn quotes_and_alerts_say_what_they_are() {
    let text = "> one\ntwo\n\n> [!WARNING]\n> three\n> - four\n\n- x\n  > five\n\nsix\n";
    assert_eq!(
        shape(text),
        [
            "1 p one / two [quote]",
            "5 p three [warning]",
            "6 - four [warning]",
            "8 - x",
            "9 p five [quote] <8",
            "11 p six"
        ]
    );
}

#[test]
fn boxes_of_site_builders_say_what_they_are() {
    let text = "!!! danger \"Mind\"\n    one\n\n    - two\n\nthree\n\n:::tip\nfour\n:::\n\n{{< hint warning >}}\nfive\n{{< /hint >}}\nsix\n";
    assert_eq!(
        shape(text),
        [
            "1 p Mind [danger]",
            "2 p one [danger]",
            "4 - two [danger]",
            "6 p three",
            "9 p four [tip]",
            "13 p five [warning]",
            "15 p six"
        ]
    );
}

#[test]
fn a_box_that_nobody_closes_ends_at_the_next_heading() {
    let blocks = read(":::note\none\n\n## Two\n\nthree\n");
    assert_eq!(shapes(&blocks), ["2 p one [note]", "4 h2 Two", "6 p three"]);
    assert_eq!(blocks.defects.len(), 1);
}

#[test]
fn comments_and_tags_are_told_from_text() {
    let text = "<!-- a\nb -->\n<details>\n<summary><b>More</b></summary>\n\ntext\n</details>\n<h2 align=\"left\">Two</h2>\n<pod-name> is a value\n";
    assert_eq!(
        shape(text),
        ["1 comment a / b", "4 p <b>More</b>", "6 p text", "8 h2 Two", "9 p <pod-name> is a value"]
            .map(|line| line.replace("<b>More</b>", "More"))
    );
    assert_eq!(shape("<!-- open\n\n# One\n"), ["1 p <!-- open", "3 h1 One"]);
    assert_eq!(shape("<pre><code>ls\npwd</code></pre>\n"), ["1 f() ls / pwd"]);
}

#[test]
fn front_matter_is_read_by_names() {
    let text = "---\ntitle: A b\nversion: 1.10\ntags:\n  - x\n  - \"y z\"\nlabels: [p, q]\ndeep:\n  inner: 1\n---\n# One\n";
    let blocks = read(text);
    let found: Vec<_> = blocks
        .front
        .iter()
        .map(|entry| format!("{} {} {}", entry.line, entry.name, entry.values.join(",")))
        .collect();
    assert_eq!(
        found,
        ["2 title A b", "3 version 1.10", "4 tags x,y z", "7 labels p,q", "8 deep ", "8 deep.inner 1"]
    );
    assert_eq!(shapes(&blocks), ["11 h1 One"]);
    assert!(blocks.defects.is_empty());
}

#[test]
fn broken_front_matter_loses_nothing() {
    let blocks = read("---\ntitle: \"open\ntags: [a, b\n---\n# One\n");
    assert_eq!(blocks.front.len(), 2);
    assert_eq!(blocks.front[1].values, ["a", "b"]);
    assert_eq!(shapes(&blocks), ["5 h1 One"]);
    assert_eq!(blocks.defects.len(), 1);
}

#[test]
fn toml_front_matter_is_read_too() {
    let blocks = read("+++\ntitle = \"One\"\ntags = [\"a\", 'b']\n[extra]\nowner = \"crew\"\n+++\ntext\n");
    let found: Vec<_> =
        blocks.front.iter().map(|entry| format!("{}={}", entry.name, entry.values.join(","))).collect();
    assert_eq!(found, ["title=One", "tags=a,b", "extra.owner=crew"]);
}

#[test]
fn a_page_between_two_rules_is_no_front_matter() {
    assert_eq!(
        shape("---\n\n# One\n\nSome text here.\n\n---\n"),
        ["1 rule", "3 h1 One", "5 p Some text here.", "7 rule"]
    );
}

#[test]
fn definitions_of_links_are_no_text() {
    assert_eq!(
        shape("see [a]\n\n[a]: https://x.test/y \"t\"\n\n[^1]: a footnote\n"),
        ["1 p see [a]", "5 p [^1]: a footnote"]
    );
    assert_eq!(shape("[note]: this is said\n"), ["1 p [note]: this is said"]);
}

#[test]
fn lines_end_in_any_way() {
    let blocks = read("\u{feff}# One\r\n\r\n```sh\r\nls  \r\n```\rend");
    assert_eq!(
        shapes(&blocks),
        ["1 h1 One", "3 f(sh) ls  ", "6 p end"].map(|line| line.trim_end().to_owned())
    );
    assert_eq!(blocks.lines, 6);
    assert_eq!(blocks.defects.len(), 1);
    assert_eq!(read("a  \nb\n").lines, 2);
    assert_eq!(shape("a  \nb\\\n"), ["1 p a / b\\"]);
}

#[test]
fn characters_that_nobody_sees_hide_no_structure() {
    assert_eq!(
        shape("\u{200b}# One\n\u{200b}```sh\nls\n\u{200b}```\n\u{feff}- two\n"),
        ["1 h1 One", "2 f(sh) ls", "5 - two"]
    );
    assert_eq!(read("a\0b\n").defects.len(), 1);
}
