//! A terminal screen as an SVG picture: what the README shows is what the program drew.
use std::fmt::Write;

/// Cells in pixels, at a text size of 14.
const CELL: (f32, f32) = (8.43, 18.0);
const GROUND: &str = "#0d1117";
const INK: &str = "#c9d1d9";
/// The sixteen, as a calm dark terminal has them.
const SIXTEEN: [&str; 16] = [
    "#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4", "#6e7681",
    "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#f0f6fc",
];

/// Draws every cell: grounds first, then runs of text of one look.
pub(crate) fn svg(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (f32::from(columns) * CELL.0, f32::from(rows) * CELL.1);
    let mut grounds = String::new();
    let mut texts = String::new();
    for row in 0..rows {
        let mut column = 0;
        while column < columns {
            let Some(cell) = screen.cell(row, column) else { break };
            let look = Look::of(cell);
            let mut text = String::new();
            let start = column;
            while let Some(next) = screen.cell(row, column).filter(|next| Look::of(next) == look) {
                text.push_str(if next.contents().is_empty() { " " } else { next.contents() });
                column += if next.is_wide() { 2 } else { 1 };
                if column >= columns {
                    break;
                }
            }
            let (x, y) = (f32::from(start) * CELL.0, f32::from(row) * CELL.1);
            let run = f32::from(column - start) * CELL.0;
            if let Some(ground) = &look.ground {
                let _ = write!(
                    grounds,
                    r#"<rect x="{x:.1}" y="{y:.1}" width="{run:.1}" height="18" fill="{ground}"/>"#
                );
            }
            if !text.trim().is_empty() {
                let bold = if look.bold { r#" font-weight="bold""# } else { "" };
                let dim = if look.dim { r#" opacity="0.65""# } else { "" };
                let _ = writeln!(
                    texts,
                    r#"<text x="{x:.1}" y="{:.1}" textLength="{run:.1}" fill="{}"{bold}{dim}>{}</text>"#,
                    y + 13.5,
                    look.ink,
                    escape(&text)
                );
            }
        }
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{GROUND}\"/>\n{grounds}\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" xml:space=\"preserve\">\n\
         {texts}</g>\n</svg>\n"
    )
}

#[derive(PartialEq)]
struct Look {
    ink: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
}

impl Look {
    fn of(cell: &vt100::Cell) -> Look {
        let (mut ink, mut ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
        if cell.inverse() {
            (ink, ground) = (ground.or_else(|| Some(GROUND.into())), ink.or_else(|| Some(INK.into())));
        }
        Look { ink: ink.unwrap_or_else(|| INK.into()), ground, bold: cell.bold(), dim: cell.dim() }
    }
}

fn colour(colour: vt100::Color) -> Option<String> {
    match colour {
        vt100::Color::Default => None,
        vt100::Color::Idx(n @ 0..16) => Some(SIXTEEN[usize::from(n)].into()),
        vt100::Color::Idx(n @ 16..232) => {
            let part = |n: u8| if n == 0 { 0 } else { 55 + 40 * n };
            let n = n - 16;
            Some(format!("#{:02x}{:02x}{:02x}", part(n / 36), part(n / 6 % 6), part(n % 6)))
        }
        vt100::Color::Idx(n) => {
            let grey = 8 + 10 * (n - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
        vt100::Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
