//! What the colours say, in each theme and on each terminal: trouble, warning, where you are, a question.
use firedeck::config::theme;
use firedeck::domain::settings::theme::Depth;
use firedeck::domain::settings::{Role, Settings};
use firedeck::model::Model;
use firedeck::model::msg::Msg;
use firedeck::view;
use firedeck::view::style::style;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier, Style};

use crate::common::estate::{cockpit, pending, pod, press, say};

const THEMES: [&str; 6] = ["night", "day", "contrast", "deutan", "mono", "wall"];

fn settings(theme_name: &str, depth: Depth) -> Settings {
    let theme = theme::load(theme_name, None).expect(theme_name).theme;
    Settings { theme, depth, ..Settings::default() }
}

fn drawn(model: &Model) -> Buffer {
    let (columns, rows) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a test terminal");
    terminal.draw(|frame| _ = view::draw(frame, model)).expect("a drawing");
    terminal.backend().buffer().clone()
}

/// The cell where a text begins.
fn cell<'b>(buffer: &'b Buffer, text: &str) -> &'b Cell {
    &buffer[place(buffer, text)]
}

/// The cell at the left of the row in which a text stands.
fn sign_of<'b>(buffer: &'b Buffer, text: &str) -> &'b Cell {
    &buffer[(0, place(buffer, text).1)]
}

fn place(buffer: &Buffer, text: &str) -> (u16, u16) {
    let area = buffer.area;
    let starts = |x: u16, y: u16| {
        (x..area.width).zip(text.chars()).all(|(x, c)| buffer[(x, y)].symbol() == c.encode_utf8(&mut [0; 4]))
            && usize::from(area.width - x) >= text.chars().count()
    };
    (0..area.height)
        .flat_map(|y| (0..area.width).map(move |x| (x, y)))
        .find(|(x, y)| starts(*x, *y))
        .unwrap_or_else(|| panic!("`{text}` is nowhere"))
}

/// What of a style can be told apart on a screen.
fn looks(cell: &Cell) -> (Color, Color, Modifier) {
    (cell.fg, cell.bg, cell.modifier)
}

fn board(theme: &str, depth: Depth) -> Buffer {
    let mut model = cockpit(80, 24);
    say(&mut model, Msg::Settings(Box::new(settings(theme, depth))));
    // The cursor on a row that is well, so that the others show their own colours.
    press(&mut model, "G");
    drawn(&model)
}

fn asking(theme: &str, depth: Depth, keys: &str) -> Buffer {
    let mut model = cockpit(80, 24);
    say(&mut model, Msg::Settings(Box::new(settings(theme, depth))));
    press(&mut model, keys);
    drawn(&model)
}

#[test]
fn in_every_theme_trouble_and_where_you_are_differ_from_what_is_well() {
    for theme in THEMES {
        for depth in [Depth::True, Depth::TwoFiftySix, Depth::Sixteen, Depth::None] {
            let buffer = board(theme, depth);
            let (bad, well) = (looks(cell(&buffer, "CrashLoopBackOff")), looks(cell(&buffer, "Running")));
            let here = looks(cell(&buffer, "mcp-serv"));
            let row = looks(cell(&buffer, "dashboar"));
            assert_ne!(here, row, "{theme}, {depth:?}: the row where you are looks like any other");
            assert_ne!(bad, well, "{theme}, {depth:?}: trouble looks like what is well");
            // The sign says it too, whatever the eye can tell apart.
            assert_eq!((cell(&buffer, "✗").symbol(), sign_of(&buffer, "mcp-serv").symbol()), ("✗", "▸"));
        }
    }
}

#[test]
fn roles_are_painted_as_the_theme_says() {
    for theme in THEMES {
        for depth in [Depth::True, Depth::Sixteen, Depth::None] {
            let look = |role: Role| style(settings(theme, depth).theme.look(role), depth);
            let wears = |cell: &Cell, style: Style| {
                style.fg.is_none_or(|fg| cell.fg == fg)
                    && style.bg.is_none_or(|bg| cell.bg == bg)
                    && cell.modifier.contains(style.add_modifier)
            };
            let buffer = board(theme, depth);
            assert!(wears(cell(&buffer, "3 failing"), look(Role::Bad)), "{theme}, {depth:?}: trouble");
            assert!(wears(cell(&buffer, "1 unknown"), look(Role::Unknown)), "{theme}, {depth:?}: unknown");
            assert!(wears(cell(&buffer, "live"), look(Role::Good)), "{theme}, {depth:?}: live");
            assert!(wears(cell(&buffer, "mcp-serv"), look(Role::Here)), "{theme}, {depth:?}: here");
            assert!(
                wears(sign_of(&buffer, "mcp-serv"), look(Role::Here)),
                "{theme}, {depth:?}: the sign of here"
            );
            let mut model = cockpit(80, 24);
            model.settings = settings(theme, depth);
            model.settings.profile.protected = true;
            assert!(
                wears(cell(&drawn(&model), "protected"), look(Role::Warning)),
                "{theme}, {depth:?}: warning"
            );
        }
    }
}

#[test]
fn a_question_stands_out_from_the_board_in_every_theme() {
    for theme in THEMES {
        for depth in [Depth::True, Depth::TwoFiftySix, Depth::Sixteen, Depth::None] {
            let change = asking(theme, depth, "j j R");
            let frame = looks(cell(&change, "┌"));
            let rule = looks(cell(&change, "────────"));
            assert_ne!(frame, rule, "{theme}, {depth:?}: its frame looks like a rule");
            let danger = asking(theme, depth, "F4 X");
            // The words say it too, where there are no colours to tell them apart.
            assert!(depth == Depth::None || frame != looks(cell(&danger, "┌")), "{theme}, {depth:?}");
            assert_eq!((cell(&change, " change").symbol(), cell(&danger, " danger").symbol()), (" ", " "));
        }
    }
}

#[test]
fn without_colours_no_cell_has_one() {
    for theme in THEMES {
        for buffer in [board(theme, Depth::None), asking(theme, Depth::None, "F4 X")] {
            let coloured =
                buffer.content.iter().find(|cell| (cell.fg, cell.bg) != (Color::Reset, Color::Reset));
            assert!(coloured.is_none(), "{theme}: {coloured:?}");
        }
    }
}

#[test]
fn sixteen_colours_are_the_terminals_own() {
    for theme in THEMES {
        let buffer = board(theme, Depth::Sixteen);
        let foreign = buffer.content.iter().find(|cell| {
            [cell.fg, cell.bg].iter().any(|colour| matches!(colour, Color::Rgb(..) | Color::Indexed(_)))
        });
        assert!(foreign.is_none(), "{theme}: {foreign:?}");
        let buffer = board(theme, Depth::TwoFiftySix);
        assert!(!buffer.content.iter().any(|cell| matches!(cell.fg, Color::Rgb(..))), "{theme}");
    }
}

#[test]
fn nothing_is_written_in_the_colour_of_its_ground() {
    for theme in THEMES {
        for depth in [Depth::True, Depth::TwoFiftySix, Depth::Sixteen] {
            for buffer in [board(theme, depth), asking(theme, depth, "F4 X"), asking(theme, depth, ":")] {
                let hidden = buffer
                    .content
                    .iter()
                    .find(|cell| cell.symbol() != " " && cell.fg == cell.bg && cell.fg != Color::Reset);
                assert!(hidden.is_none(), "{theme}, {depth:?}: {hidden:?}");
            }
        }
    }
}

#[test]
fn a_pod_that_waits_is_told_by_a_sign_of_its_own() {
    let mut model = cockpit(80, 24);
    let waiting = firedeck::domain::news::Seen::Is(pending(pod("shop", "late-7c9f6d5b8-x2x2x", "")));
    crate::common::estate::news(
        &mut model,
        vec![firedeck::domain::news::News::Pods(
            crate::common::estate::feed(firedeck::domain::object::Kind::Pod),
            vec![waiting],
        )],
    );
    assert_eq!(cell(&drawn(&model), "?").symbol(), "?");
}
