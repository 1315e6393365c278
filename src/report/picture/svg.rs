//! The screen as an SVG: a line of text a run, so that it stays sharp, small and searchable.

use std::fmt::Write;

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::{Run, runs};

/// The size of a cell, in pixels.
const CELL: (f64, f64) = (8.0, 17.0);
const MARGIN: f64 = 10.0;
const BASELINE: f64 = 13.0;
const BACKGROUND: &str = "#11151c";
const FOREGROUND: &str = "#d7dce4";

pub(super) fn svg(screen: &Buffer) -> String {
    let width = f64::from(screen.area.width) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(screen.area.height) * CELL.1 + 2.0 * MARGIN;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">\n\
         <style>text{{font:13.3px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre;fill:{FOREGROUND}}}</style>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    );
    for y in 0..screen.area.height {
        for run in runs(screen, y) {
            draw(&mut svg, &run, y);
        }
    }
    svg + "</svg>\n"
}

fn draw(svg: &mut String, run: &Run, y: u16) {
    let (x, top) = (MARGIN + f64::from(run.x) * CELL.0, MARGIN + f64::from(y) * CELL.1);
    let cells = u32::try_from(run.text.width()).unwrap_or(0);
    let width = f64::from(cells) * CELL.0;
    let own = |color: &Option<String>, default: &str| color.clone().unwrap_or_else(|| default.to_owned());
    let (mut fg, mut bg) = (own(&run.fg, FOREGROUND), run.bg.clone());
    if run.reverse {
        bg = Some(fg);
        fg = own(&run.bg, BACKGROUND);
    }
    // Writing to a string cannot fail.
    if let Some(bg) = bg {
        let _ = writeln!(svg, "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{}\" fill=\"{bg}\"/>", CELL.1);
    }
    if run.text.trim().is_empty() {
        return;
    }
    let fill = if fg == FOREGROUND { String::new() } else { format!(" style=\"fill:{fg}\"") };
    let bold = if run.bold { " font-weight=\"bold\"" } else { "" };
    let underline = if run.underline { " text-decoration=\"underline\"" } else { "" };
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{}\" textLength=\"{width}\"{fill}{bold}{underline}>{}</text>",
        top + BASELINE,
        escaped(&run.text)
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
