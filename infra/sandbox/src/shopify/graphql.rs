//! A small reader for GraphQL requests: enough of the language for any query a client of the Admin API sends.
//! Variables are put in place while reading; fragments are spread; types of variables are not checked here.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One requested field.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// Name in the answer.
    pub alias: String,
    /// Name in the schema.
    pub name: String,
    /// Arguments with variables in place.
    pub args: Map<String, Value>,
    /// Directives by name, e.g. `idempotent`.
    pub directives: BTreeMap<String, Map<String, Value>>,
    /// Fields below.
    pub fields: Vec<Selection>,
}

/// A request that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// True for a mutation.
    pub mutation: bool,
    /// Top-level fields.
    pub fields: Vec<Selection>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Mark(char),
    Spread,
    Name(String),
    Number(String),
    Text(String),
}

/// Reads `query` with `variables`.
///
/// # Errors
/// A sentence on what is wrong, in the words GraphQL servers use.
pub fn read(query: &str, variables: &Map<String, Value>) -> Result<Document, String> {
    let tokens = tokens(query)?;
    let mut reader = Reader { tokens: &tokens, at: 0, variables, known: BTreeMap::new() };
    let mut document = None;
    let mut fragments = BTreeMap::new();
    while let Some(token) = reader.peek() {
        match token {
            Token::Mark('{') => document = Some(Document { mutation: false, fields: reader.selections()? }),
            Token::Name(word) if word == "query" || word == "mutation" => {
                let mutation = word == "mutation";
                reader.at += 1;
                reader.operation_head()?;
                document = Some(Document { mutation, fields: reader.selections()? });
            }
            Token::Name(word) if word == "fragment" => {
                reader.at += 1;
                let name = reader.name()?;
                reader.name()?;
                reader.name()?;
                fragments.insert(name, reader.selections()?);
            }
            other => return Err(format!("syntax error, unexpected {other:?}")),
        }
    }
    let mut document = document.ok_or("syntax error, no operation")?;
    document.fields = spread(document.fields, &fragments, 0)?;
    Ok(document)
}

fn spread(
    fields: Vec<Selection>,
    fragments: &BTreeMap<String, Vec<Selection>>,
    depth: usize,
) -> Result<Vec<Selection>, String> {
    if depth > 20 {
        return Err("fragments are nested too deeply".to_owned());
    }
    let mut out = Vec::new();
    for mut field in fields {
        if let Some(name) = field.name.strip_prefix("...") {
            let inner = if name.is_empty() {
                field.fields
            } else {
                fragments.get(name).cloned().ok_or(format!("Fragment {name} was used, but not defined"))?
            };
            out.extend(spread(inner, fragments, depth + 1)?);
        } else {
            field.fields = spread(field.fields, fragments, depth + 1)?;
            out.push(field);
        }
    }
    Ok(out)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    variables: &'a Map<String, Value>,
    known: BTreeMap<String, Value>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).cloned()
    }

    fn take(&mut self) -> Result<Token, String> {
        let token = self.peek().ok_or("syntax error, unexpected end of file")?;
        self.at += 1;
        Ok(token)
    }

    fn is(&self, mark: char) -> bool {
        self.tokens.get(self.at) == Some(&Token::Mark(mark))
    }

    fn eat(&mut self, mark: char) -> bool {
        let found = self.is(mark);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        if self.eat(mark) { Ok(()) } else { Err(format!("syntax error, expected '{mark}'")) }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.take()? {
            Token::Name(name) => Ok(name),
            other => Err(format!("syntax error, expected a name, not {other:?}")),
        }
    }

    /// `Name($a: Type! = default, ...) @directive`, up to the selection set.
    fn operation_head(&mut self) -> Result<(), String> {
        if matches!(self.peek(), Some(Token::Name(_))) {
            self.at += 1;
        }
        if self.eat('(') {
            while !self.eat(')') {
                self.expect('$')?;
                let name = self.name()?;
                self.expect(':')?;
                let required = self.variable_type()?;
                let default = if self.eat('=') { Some(self.value()?) } else { None };
                let value = match (self.variables.get(&name), default) {
                    (Some(value), _) => value.clone(),
                    (None, Some(default)) => default,
                    (None, None) if required => {
                        return Err(format!("Variable ${name} was provided invalid value"));
                    }
                    (None, None) => Value::Null,
                };
                if required && value.is_null() {
                    return Err(format!("Variable ${name} was provided invalid value"));
                }
                self.known.insert(name, value);
            }
        }
        self.directives().map(|_| ())
    }

    fn variable_type(&mut self) -> Result<bool, String> {
        if self.eat('[') {
            self.variable_type()?;
            self.expect(']')?;
        } else {
            self.name()?;
        }
        Ok(self.eat('!'))
    }

    fn selections(&mut self) -> Result<Vec<Selection>, String> {
        self.expect('{')?;
        let mut fields = Vec::new();
        while !self.eat('}') {
            fields.push(self.selection()?);
        }
        if fields.is_empty() { Err("syntax error, empty selection".to_owned()) } else { Ok(fields) }
    }

    fn selection(&mut self) -> Result<Selection, String> {
        if self.tokens.get(self.at) == Some(&Token::Spread) {
            self.at += 1;
            let mut name = "...".to_owned();
            if let Some(Token::Name(word)) = self.peek() {
                self.at += 1;
                if word == "on" { self.name().map(|_| ())? } else { name.push_str(&word) }
            }
            let directives = self.directives()?;
            let fields = if name == "..." { self.selections()? } else { Vec::new() };
            return Ok(Selection { alias: name.clone(), name, args: Map::new(), directives, fields });
        }
        let first = self.name()?;
        let (alias, name) = if self.eat(':') { (first, self.name()?) } else { (first.clone(), first) };
        let args = self.args()?;
        let directives = self.directives()?;
        let fields = if self.is('{') { self.selections()? } else { Vec::new() };
        Ok(Selection { alias, name, args, directives, fields })
    }

    fn args(&mut self) -> Result<Map<String, Value>, String> {
        let mut args = Map::new();
        if self.eat('(') {
            while !self.eat(')') {
                let name = self.name()?;
                self.expect(':')?;
                args.insert(name, self.value()?);
            }
        }
        Ok(args)
    }

    fn directives(&mut self) -> Result<BTreeMap<String, Map<String, Value>>, String> {
        let mut all = BTreeMap::new();
        while self.eat('@') {
            let name = self.name()?;
            all.insert(name, self.args()?);
        }
        Ok(all)
    }

    fn value(&mut self) -> Result<Value, String> {
        match self.take()? {
            Token::Mark('$') => {
                let name = self.name()?;
                self.known.get(&name).cloned().ok_or(format!("Variable ${name} is used but not declared"))
            }
            Token::Mark('[') => {
                let mut list = Vec::new();
                while !self.eat(']') {
                    list.push(self.value()?);
                }
                Ok(Value::Array(list))
            }
            Token::Mark('{') => {
                let mut object = Map::new();
                while !self.eat('}') {
                    let name = self.name()?;
                    self.expect(':')?;
                    object.insert(name, self.value()?);
                }
                Ok(Value::Object(object))
            }
            Token::Number(text) => {
                serde_json::from_str(&text).map_err(|_| "syntax error, bad number".to_owned())
            }
            Token::Text(text) => Ok(Value::String(text)),
            Token::Name(word) => Ok(match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(word),
            }),
            other => Err(format!("syntax error, unexpected {other:?}")),
        }
    }
}

fn tokens(query: &str) -> Result<Vec<Token>, String> {
    let chars: Vec<char> = query.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        match c {
            c if c.is_whitespace() || c == ',' || c == '\u{feff}' => at += 1,
            '#' => at += chars[at..].iter().take_while(|c| **c != '\n').count(),
            '.' if chars[at..].starts_with(&['.', '.', '.']) => {
                tokens.push(Token::Spread);
                at += 3;
            }
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '!' | '$' | '@' | '=' | '|' => {
                tokens.push(Token::Mark(c));
                at += 1;
            }
            '"' => {
                let (text, next) = string(&chars, at)?;
                tokens.push(Token::Text(text));
                at = next;
            }
            c if c == '-' || c.is_ascii_digit() => {
                let number: String = chars[at..]
                    .iter()
                    .take_while(|c| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E'))
                    .collect();
                at += number.len();
                tokens.push(Token::Number(number));
            }
            c if c == '_' || c.is_ascii_alphabetic() => {
                let name: String =
                    chars[at..].iter().take_while(|c| **c == '_' || c.is_ascii_alphanumeric()).collect();
                at += name.len();
                tokens.push(Token::Name(name));
            }
            other => return Err(format!("syntax error, unexpected character {other:?}")),
        }
    }
    Ok(tokens)
}

fn string(chars: &[char], start: usize) -> Result<(String, usize), String> {
    let unfinished = || "syntax error, unfinished text".to_owned();
    if chars[start..].starts_with(&['"', '"', '"']) {
        let mut at = start + 3;
        while !chars[at..].starts_with(&['"', '"', '"']) {
            at += 1;
            if at >= chars.len() {
                return Err(unfinished());
            }
        }
        return Ok((chars[start + 3..at].iter().collect::<String>().trim().to_owned(), at + 3));
    }
    let mut at = start + 1;
    while let Some(&c) = chars.get(at) {
        match c {
            '"' => {
                let raw: String = chars[start..=at].iter().collect();
                let text = serde_json::from_str(&raw).map_err(|_| unfinished())?;
                return Ok((text, at + 1));
            }
            '\\' => at += 2,
            _ => at += 1,
        }
    }
    Err(unfinished())
}
