//! What is printed of an answer, beside what the original prints.
use super::print::{Form, Shape, printed};
use super::wire::Column;

fn shape(form: Form) -> Shape {
    Shape { form, tuples: false, expanded: false, separator: "|".to_owned(), title: None }
}

#[test]
fn an_answer_is_printed_as_the_original_prints_it() {
    let column = |name: &str, right| Column { name: name.to_owned(), right };
    let columns = [column("a", true), column("name", false)];
    let rows = vec![
        vec![Some("1".to_owned()), Some("x".to_owned())],
        vec![Some("22".to_owned()), Some("two\nlines".to_owned())],
        vec![None, None],
    ];
    let aligned = printed(&columns, &rows, &shape(Form::Aligned));
    let expected = " a  | name  \n----+-------\n  1 | x\n 22 | two  +\n    | lines\n    | \n(3 rows)\n\n";
    assert_eq!(aligned, expected);
    assert_eq!(printed(&columns, &rows, &shape(Form::Csv)), "a,name\n1,x\n22,\"two\nlines\"\n,\n");
    let tuples = Shape { tuples: true, ..shape(Form::Unaligned) };
    assert_eq!(printed(&columns, &rows, &tuples), "1|x\n22|two\nlines\n|\n");
    let records = Shape { expanded: true, ..shape(Form::Aligned) };
    let one = printed(&columns, rows.get(..1).unwrap_or_default(), &records);
    assert_eq!(one, "-[ RECORD 1 ]\na    | 1\nname | x\n\n");
}
