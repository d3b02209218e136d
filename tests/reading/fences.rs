//! Fences, above all those whose author forgot how they end: no later heading is lost, and no comment becomes one.
use firedeck::runbook::document::{Blocks, Fence, What, read};

use super::shape::{shape, shapes};

fn fences(blocks: &Blocks) -> Vec<&Fence> {
    fn fence(what: &What) -> Option<&Fence> {
        match what {
            What::Fence(fence) => Some(fence),
            _ => None,
        }
    }
    blocks.blocks.iter().filter_map(|block| fence(&block.what)).collect()
}

fn info(line: &str) -> (String, String) {
    let blocks = read(&format!("{line}\nls\n```\n"));
    let fence = fences(&blocks)[0];
    let pairs: Vec<_> = fence.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (fence.lang.clone(), pairs.join(";"))
}

#[test]
fn info_strings_are_read_in_all_their_forms() {
    let told = |lang: &str, pairs: &str| (lang.to_owned(), pairs.to_owned());
    assert_eq!(info("```Bash   "), told("bash", ""));
    assert_eq!(info("``` sh"), told("sh", ""));
    assert_eq!(
        info("```bash {name=drain risk=danger timeout=60s undo=\"uncordon it\" expect='a \"b\"'}"),
        told("bash", "name=drain;risk=danger;timeout=60s;undo=uncordon it;expect=a \"b\"")
    );
    assert_eq!(
        info("```sh {\"name\":\"x y\",\"interactive\":false}"),
        told("sh", "interactive=false;name=x y")
    );
    assert_eq!(info("```{.bash #drain .wide}"), told("bash", "id=drain;wide="));
    assert_eq!(info("```bash:scripts/x.sh"), told("bash", "title=scripts/x.sh"));
    assert_eq!(info("```bash title=\"a b\""), told("bash", "title=a b"));
    assert_eq!(info("```bash,copy"), told("bash", "copy="));
    assert_eq!(info("```bashh"), told("bashh", ""));
    assert_eq!(info("```console # as root"), told("console", ""));
    assert_eq!(info("```{bash}"), told("bash", ""));
}

#[test]
fn a_fence_is_closed_by_a_run_that_is_long_enough() {
    assert_eq!(shape("```sh\nls\n`````\nend\n"), ["1 f(sh) ls", "4 p end"]);
    assert_eq!(shape("````\n```sh\nls\n```\n````\nend\n"), ["1 f() ```sh / ls / ```", "6 p end"]);
    assert_eq!(shape("~~~sh\n```\n~~~\nend\n"), ["1 f(sh) ```", "4 p end"]);
    assert_eq!(shape("```\nls `x`\n```x```\n~~~a~~~\n```\n"), ["1 f() ls `x` / ```x``` / ~~~a~~~"]);
}

#[test]
fn the_fences_own_indentation_is_taken_off() {
    let text = "- a\n\n\t```sh\n\tcat <<EOF\n\t  x\n\tEOF\n\t```\n";
    assert_eq!(shape(text), ["1 - a", "3 f(sh) cat <<EOF /   x / EOF <1"]);
    assert_eq!(shape("   ```sh\n ls\n     pwd\n```\n"), ["1 f(sh) ls /   pwd"]);
    assert_eq!(shape("       ```sh\n       ls\n       ```\n"), ["1 f(sh) ls"]);
}

#[test]
fn comments_in_a_closed_fence_are_no_headings() {
    let text = "```bash\n\n# 1. Pull\n\nls\n\n## 2. Push\n\npwd\n\n```\n\n## Next\n\n```bash\nid\n```\n";
    assert_eq!(shape(text).len(), 3);
    assert!(read(text).defects.is_empty());
}

#[test]
fn an_open_fence_ends_at_a_heading_with_its_own_fence() {
    let blocks = read(
        "```yaml\n# not yet\na: 1\n\n#### Check\n\n```bash\n#!/bin/sh\n\n# 1. look\nls\n```\n\n### End\n",
    );
    assert_eq!(
        shapes(&blocks),
        [
            "1 f(yaml) open # not yet / a: 1",
            "5 h4 Check",
            "7 f(bash) #!/bin/sh /  / # 1. look / ls",
            "14 h3 End"
        ]
    );
    assert_eq!(blocks.defects.len(), 1);
    assert!(blocks.defects[0].text.contains("line 5"), "{:?}", blocks.defects);
}

#[test]
fn an_open_fence_ends_at_a_heading_that_no_fence_follows() {
    let text = "```bash\nls\n\n# then look\npwd\n\n## After\n\nSome words.\n\n# Last\n\n- one\n";
    assert_eq!(
        shape(text),
        [
            "1 f(bash) open ls /  / # then look / pwd",
            "7 h2 After",
            "9 p Some words.",
            "11 h1 Last",
            "13 - one"
        ]
    );
}

#[test]
fn a_heading_has_room_behind_it_and_a_comment_has_its_command() {
    assert_eq!(shape("```bash\nls\n\n# Last\n\n- one\n"), ["1 f(bash) open ls", "4 h1 Last", "6 - one"]);
    assert_eq!(shape("```bash\nls\n\n# last\npwd\n"), ["1 f(bash) open ls /  / # last / pwd"]);
}

#[test]
fn an_open_fence_ends_at_a_sentence() {
    let text = "```bash\nls\n\nThen restart the worker and wait:\n\n```bash\npwd\n```\n";
    assert_eq!(shape(text), ["1 f(bash) open ls", "4 p Then restart the worker and wait:", "6 f(bash) pwd"]);
}

#[test]
fn a_second_opener_ends_the_first() {
    assert_eq!(
        shape("```bash\nls\n```bash\npwd\n```\nend\n"),
        ["1 f(bash) open ls", "3 f(bash) pwd", "6 p end"]
    );
}

#[test]
fn an_opener_repeated_to_close_closes() {
    let text = "```bash\nls\n```bash\n\nText in between here.\n\n```bash\npwd\n```bash\n";
    assert_eq!(shape(text), ["1 f(bash) ls", "5 p Text in between here.", "7 f(bash) pwd"]);
}

#[test]
fn four_backticks_closed_by_three_are_closed() {
    let blocks = read("````bash\nls\n```\n\n# One\n\n````bash\npwd\n```\n");
    assert_eq!(shapes(&blocks), ["1 f(bash) ls", "5 h1 One", "7 f(bash) pwd"]);
    assert_eq!(blocks.defects.len(), 2);
}

#[test]
fn text_behind_a_closing_mark_is_not_lost() {
    let blocks = read("```bash\nls\n``` and wait for it.\n\n## Next\n");
    assert_eq!(shapes(&blocks), ["1 f(bash) ls", "3 p and wait for it.", "5 h2 Next"]);
    assert_eq!(blocks.defects.len(), 1);
}

#[test]
fn a_command_on_the_opening_line_is_kept() {
    assert_eq!(
        shape("```kubectl get pods -A\nkubectl get nodes\n```\n"),
        ["1 f() kubectl get pods -A / kubectl get nodes"]
    );
}

#[test]
fn a_mark_too_many_turns_nothing_round() {
    let text = "```bash\nls\n```\n```\n\n## Two\n\nSome words.\n\n```bash\npwd\n```\n\n## Three\n";
    let blocks = read(text);
    assert_eq!(
        shapes(&blocks),
        ["1 f(bash) ls", "6 h2 Two", "8 p Some words.", "10 f(bash) pwd", "14 h2 Three"]
    );
    assert_eq!(blocks.defects.len(), 1);
    let bare = text.replace("```bash", "```");
    assert_eq!(shape(&bare), ["1 f() ls", "6 h2 Two", "8 p Some words.", "10 f() pwd", "14 h2 Three"]);
}

#[test]
fn sentences_inside_and_code_outside_show_the_mark_too_many() {
    let text = "```\nFirst do this here:\n```\nls\n```\nthen that:\n```\npwd\n```\n\n## End\n";
    assert_eq!(
        shape(text),
        ["2 p First do this here:", "3 f() ls", "6 p then that:", "7 f() pwd", "11 h2 End"]
    );
    let told = "```\nPlease tell all the crews.\n```\n\nAnd then look again.\n\n```\nls\n";
    assert_eq!(
        shape(told),
        ["1 f() Please tell all the crews.", "5 p And then look again.", "7 f() open ls"]
    );
}

#[test]
fn a_bare_fence_left_open_keeps_its_code() {
    let text = "```\ncar 12: 40 ms\n\n## Then\n\nCall the car by radio.\n\n```\nls\n```\n";
    assert_eq!(
        shape(text),
        ["1 f() open car 12: 40 ms", "4 h2 Then", "6 p Call the car by radio.", "8 f() ls"]
    );
}

#[test]
fn an_opener_directly_above_a_heading_swallows_nothing() {
    let text = "```\n## Two\n\nSome words.\n\n```bash\npwd\n```\n";
    assert_eq!(shape(text), ["2 h2 Two", "4 p Some words.", "6 f(bash) pwd"]);
}

#[test]
fn headings_shown_in_a_closed_fence_stay_there() {
    let text = "```\n## Template\n\nwho:\n```\n\n## Two\n\n```\nls\n```\n";
    assert_eq!(shape(text), ["1 f() ## Template /  / who:", "7 h2 Two", "9 f() ls"]);
}

#[test]
fn markdown_shown_in_a_fence_keeps_its_fences() {
    let text = "```markdown\n# One\n```sh\nls\n```\n```\n\nend\n";
    assert_eq!(shape(text), ["1 f(markdown) # One / ```sh / ls / ```", "8 p end"]);
}

#[test]
fn fences_in_quotes_end_with_their_quote() {
    assert_eq!(shape("> ```sh\n> > ls\n> ```\n> text\n"), ["1 f(sh) > ls [quote]", "4 p text [quote]"]);
    assert_eq!(shape("> ```sh\n> ls\n\n# One\n"), ["1 f(sh) open ls [quote]", "4 h1 One"]);
    assert_eq!(shape("```\n> ```\nx\n```\n"), ["1 f() > ``` / x"]);
}

#[test]
fn a_tilde_closed_with_backticks_is_closed() {
    assert_eq!(shape("~~~sh\nls\n```\n\nend\n"), ["1 f(sh) ls", "5 p end"]);
}

#[test]
fn an_open_fence_at_the_end_keeps_its_code() {
    let blocks = read("```sh\nls\n\npwd");
    assert_eq!(shapes(&blocks), ["1 f(sh) open ls /  / pwd"]);
    assert_eq!(blocks.blocks[0].end_line, 4);
}
