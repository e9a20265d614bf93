//! JSON in the cells of a table: cut into pieces, which is all that the few shapes that matter need.

/// What a JSON text is made of; a value that is neither text nor number is NaN.
#[derive(PartialEq)]
pub(super) enum Piece {
    Text(String),
    Number(f64),
    Mark(char),
}

/// The pieces of `text`; `None` where it is no JSON.
pub(super) fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                let mut own = String::new();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            'u' => {
                                let mut code = 0;
                                for _ in 0..4 {
                                    code = code * 16 + chars.next()?.to_digit(16)?;
                                }
                                own.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                            }
                            'n' | 'r' | 't' | 'b' | 'f' => own.push(' '),
                            other => own.push(other),
                        },
                        other => own.push(other),
                    }
                }
                pieces.push(Piece::Text(own));
            }
            '{' | '}' | '[' | ']' | ':' | ',' => pieces.push(Piece::Mark(c)),
            c if c.is_whitespace() => {}
            _ => {
                let mut own = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-')) {
                    own.push(c);
                }
                match own.as_str() {
                    "null" | "true" | "false" => pieces.push(Piece::Number(f64::NAN)),
                    _ => pieces.push(Piece::Number(own.parse().ok().filter(|number: &f64| number.is_finite())?)),
                }
            }
        }
    }
    Some(pieces)
}
