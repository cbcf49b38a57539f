//! The part of CloudWatch's metric math that the template uses: numbers, metrics, `+ * / >=`, brackets, `FILL` and `IF`.

/// What a formula comes to; `None` when a metric in it has no number.
pub fn value(text: &str, metric: &dyn Fn(&str) -> Option<f64>) -> Option<f64> {
    let mut reader = Reader { rest: text, metric };
    let value = reader.compared();
    assert!(reader.rest.trim().is_empty(), "not understood: {}", reader.rest);
    value
}

struct Reader<'a> {
    rest: &'a str,
    metric: &'a dyn Fn(&str) -> Option<f64>,
}

impl Reader<'_> {
    fn takes(&mut self, sign: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.strip_prefix(sign);
        self.rest = found.unwrap_or(rest);
        found.is_some()
    }

    fn must(&mut self, sign: &str) {
        assert!(self.takes(sign), "`{sign}` is missing before: {}", self.rest);
    }

    fn compared(&mut self) -> Option<f64> {
        let left = self.sum();
        match self.takes(">=") {
            true => self.sum().zip(left).map(|(right, left)| f64::from(u8::from(left >= right))),
            false => left,
        }
    }

    fn sum(&mut self) -> Option<f64> {
        let mut sum = self.product();
        while self.takes("+") {
            sum = self.product().zip(sum).map(|(right, left)| left + right);
        }
        sum
    }

    fn product(&mut self) -> Option<f64> {
        let mut product = self.atom();
        loop {
            if self.takes("*") {
                product = self.atom().zip(product).map(|(right, left)| left * right);
            } else if self.takes("/") {
                product = self.atom().zip(product).map(|(right, left)| left / right);
            } else {
                return product;
            }
        }
    }

    fn atom(&mut self) -> Option<f64> {
        if self.takes("(") {
            let inner = self.compared();
            self.must(")");
            return inner;
        }
        let rest = self.rest.trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        self.rest = after;
        match word {
            "IF" => {
                let [condition, yes, no] = self.arguments();
                if condition? == 0.0 { no } else { yes }
            }
            "FILL" => {
                let [value, instead] = self.arguments();
                value.or(instead)
            }
            _ => word.parse().ok().or_else(|| (self.metric)(word)),
        }
    }

    fn arguments<const N: usize>(&mut self) -> [Option<f64>; N] {
        self.must("(");
        let all = std::array::from_fn(|n| {
            if n > 0 {
                self.must(",");
            }
            self.compared()
        });
        self.must(")");
        all
    }
}

#[test]
fn formulas_come_to_what_they_say() {
    let metric = |id: &str| (id == "a").then_some(6.0);
    let of = |text| value(text, &metric);
    assert_eq!(of("2 * (a + 1) / 7 + 0.5"), Some(2.5));
    assert_eq!(of("IF(FILL(b, 0) + a >= 6, 1, 2)"), Some(1.0));
    assert_eq!(of("IF(a >= 7, 1, FILL(b, 3))"), Some(3.0));
    assert_eq!(of("a + b"), None);
}
