//! Roles to styles. The colours are told apart with red-green blindness too (after Okabe and Ito), and no meaning
//! hangs on colour alone.

use ratatui::style::{Color, Modifier, Style};

use crate::domain::level::Level;
use crate::term::capability::{Background, Capability, ColorDepth};
use crate::ui::glyphs::Glyphs;

/// What a piece of the screen is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Plain text.
    Text,
    /// Of less weight.
    Dim,
    /// The name of a region or a row.
    Title,
    /// The title of a column.
    Heading,
    /// The letter in it that sorts.
    HeadingKey,
    /// Lines between regions.
    Rule,
    /// What is special about this run.
    Accent,
    /// A level.
    Level(Level),
    /// The selected row; laid over the roles in it.
    Selected,
    /// The part of a bar that is not used.
    BarRest,
    /// The expected share on a bar.
    BarMark,
    /// A sparkline, and what was measured in a chart.
    Spark,
    /// What is expected in a chart.
    Expected,
    /// What is forecast in a chart.
    Forecast,
    /// The range a forecast lies in.
    Band,
    /// A limit in a chart.
    Limit,
    /// Something is wrong with data or store.
    Warning,
    /// A key.
    Key,
    /// The letter under the cursor of a line that is typed.
    Cursor,
}

/// The look of the screen.
#[derive(Clone, Debug)]
pub struct Theme {
    depth: ColorDepth,
    background: Background,
    glyphs: Glyphs,
    #[cfg(test)]
    shows_roles: bool,
}

/// A colour at each depth: 24 bits, 256, 16.
struct Paint(u32, u8, Color);

impl Theme {
    /// The look for a terminal.
    #[must_use]
    pub fn new(capability: Capability) -> Self {
        Self {
            depth: capability.depth,
            background: capability.background,
            glyphs: Glyphs::of(capability.glyphs),
            #[cfg(test)]
            shows_roles: false,
        }
    }

    /// The characters to draw with.
    #[must_use]
    pub fn glyphs(&self) -> &Glyphs {
        &self.glyphs
    }

    /// The style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        #[cfg(test)]
        if self.shows_roles {
            return role_style(role);
        }
        let style = self.paint(role).map_or(Style::new(), |paint| self.coloured(role, &paint));
        style.add_modifier(self.modifiers(role))
    }

    fn coloured(&self, role: Role, paint: &Paint) -> Style {
        let colour = match self.depth {
            ColorDepth::Mono => return Style::new(),
            ColorDepth::Ansi16 => paint.2,
            ColorDepth::Ansi256 => Color::Indexed(paint.1),
            ColorDepth::TrueColor => Color::from_u32(paint.0),
        };
        if role == Role::Selected { Style::new().bg(colour) } else { Style::new().fg(colour) }
    }

    fn paint(&self, role: Role) -> Option<Paint> {
        let dark = self.background == Background::Dark;
        let choose = |on_dark: Paint, on_light: Paint| Some(if dark { on_dark } else { on_light });
        match role {
            Role::Text | Role::Title | Role::Heading | Role::HeadingKey | Role::Cursor => None,
            Role::Dim | Role::Rule | Role::Expected => {
                choose(Paint(0x008a_8f98, 245, Color::DarkGray), Paint(0x006c_6f75, 242, Color::DarkGray))
            }
            Role::BarRest | Role::Band => {
                choose(Paint(0x004a_4e57, 239, Color::DarkGray), Paint(0x00c0_c4cc, 251, Color::Gray))
            }
            Role::Accent | Role::Key => {
                choose(Paint(0x0056_b4e9, 74, Color::Cyan), Paint(0x0000_72b2, 25, Color::Blue))
            }
            Role::Spark => choose(Paint(0x0056_b4e9, 74, Color::Cyan), Paint(0x0000_72b2, 25, Color::Blue)),
            Role::BarMark => choose(Paint(0x00ff_ffff, 231, Color::White), Paint(0x0000_0000, 16, Color::Black)),
            Role::Selected => match self.depth {
                // Sixteen colours have no quiet background: the row is reversed instead.
                ColorDepth::Ansi16 | ColorDepth::Mono => None,
                _ => choose(Paint(0x002c_3440, 237, Color::DarkGray), Paint(0x00dc_e4ee, 254, Color::Gray)),
            },
            Role::Forecast => choose(Paint(0x00cc_79a7, 175, Color::Magenta), Paint(0x00a0_4a80, 132, Color::Magenta)),
            Role::Limit => choose(Paint(0x00ff_5c6c, 203, Color::LightRed), Paint(0x00c0_1830, 160, Color::Red)),
            Role::Warning | Role::Level(Level::Orange) => {
                choose(Paint(0x00f0_8c3a, 208, Color::LightMagenta), Paint(0x00b8_5000, 130, Color::Magenta))
            }
            Role::Level(Level::Green) => {
                choose(Paint(0x0035_b597, 36, Color::Green), Paint(0x0000_7a5e, 29, Color::Green))
            }
            Role::Level(Level::Blind) => {
                choose(Paint(0x009a_9fa8, 247, Color::DarkGray), Paint(0x006c_6f75, 242, Color::DarkGray))
            }
            Role::Level(Level::Yellow) => {
                choose(Paint(0x00f0_e442, 227, Color::LightYellow), Paint(0x008a_7400, 94, Color::Yellow))
            }
            Role::Level(Level::Red) => {
                choose(Paint(0x00ff_5c6c, 203, Color::LightRed), Paint(0x00c0_1830, 160, Color::Red))
            }
        }
    }

    fn modifiers(&self, role: Role) -> Modifier {
        let few_colours = matches!(self.depth, ColorDepth::Mono | ColorDepth::Ansi16);
        match role {
            Role::Level(Level::Red) if self.depth == ColorDepth::Mono => Modifier::BOLD.union(Modifier::REVERSED),
            Role::Title | Role::Level(Level::Red | Level::Orange) | Role::Warning | Role::Key => Modifier::BOLD,
            Role::HeadingKey => Modifier::UNDERLINED,
            Role::Cursor => Modifier::REVERSED,
            Role::Selected if few_colours => Modifier::REVERSED,
            Role::Dim | Role::BarRest if self.depth == ColorDepth::Mono => Modifier::DIM,
            _ => Modifier::empty(),
        }
    }
}

#[cfg(test)]
const ROLE_LETTERS: [(Role, char); 23] = [
    (Role::Text, '.'),
    (Role::Dim, 'd'),
    (Role::Title, 'T'),
    (Role::Heading, 'h'),
    (Role::HeadingKey, 'H'),
    (Role::Rule, '-'),
    (Role::Accent, 'a'),
    (Role::Level(Level::Green), 'G'),
    (Role::Level(Level::Yellow), 'Y'),
    (Role::Level(Level::Orange), 'O'),
    (Role::Level(Level::Red), 'R'),
    (Role::Level(Level::Blind), '?'),
    (Role::BarRest, 'b'),
    (Role::BarMark, '|'),
    (Role::Spark, 's'),
    (Role::Expected, 'e'),
    (Role::Forecast, 'f'),
    (Role::Band, ':'),
    (Role::Limit, 'l'),
    (Role::Warning, 'W'),
    (Role::Key, 'k'),
    (Role::Cursor, '_'),
    (Role::Selected, '#'),
];

/// A style that a test can tell the role from.
#[cfg(test)]
fn role_style(role: Role) -> Style {
    let number = ROLE_LETTERS.iter().position(|(known, _)| *known == role).expect("every role has a letter");
    let colour = Color::Indexed(u8::try_from(number).expect("few roles"));
    if role == Role::Selected { Style::new().bg(colour) } else { Style::new().fg(colour) }
}

#[cfg(test)]
impl Theme {
    /// A look whose styles are the roles.
    pub(super) fn of_roles(glyphs: crate::term::capability::GlyphSet) -> Self {
        let capability = Capability { depth: ColorDepth::TrueColor, glyphs, background: Background::Dark };
        Self { shows_roles: true, ..Self::new(capability) }
    }

    /// The letter of the role that a cell was drawn in by [`Theme::of_roles`].
    pub(super) fn role_letter(cell: &ratatui::buffer::Cell) -> char {
        match cell.fg {
            Color::Indexed(number) => ROLE_LETTERS[usize::from(number)].1,
            _ if cell.bg != Color::Reset => '#',
            _ => ' ',
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::capability::GlyphSet;

    fn theme(depth: ColorDepth) -> Theme {
        Theme::new(Capability { depth, glyphs: GlyphSet::Braille, background: Background::Dark })
    }

    #[test]
    fn without_colour_there_is_none_and_red_and_the_selection_still_stand_out() {
        let theme = theme(ColorDepth::Mono);
        for (role, _) in ROLE_LETTERS {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
        assert!(theme.style(Role::Level(Level::Red)).add_modifier.contains(Modifier::REVERSED));
        assert!(theme.style(Role::Selected).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn every_level_has_a_colour_of_its_own_at_every_depth() {
        for depth in [ColorDepth::Ansi16, ColorDepth::Ansi256, ColorDepth::TrueColor] {
            let colours = Level::ALL.map(|level| theme(depth).style(Role::Level(level)).fg);
            for (index, colour) in colours.iter().enumerate() {
                assert!(!colours[..index].contains(colour), "{depth:?}: {colours:?}");
            }
        }
    }
}
