//! Severities to choose from: the scale is the document's own, where it has one.
use crate::domain::alert::AlertFacts;
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::incident::event::Place;
use crate::incident::words::plain as words;
use crate::model::Model;
use crate::model::incident::Grade;
use crate::model::shelf::{Book, is_model};
use crate::runbook::facts::{level, scale};
use crate::runbook::{Document, Runbook};

/// The runbook that fits best.
pub(super) fn book(model: &Model, of: Option<&ObjectRef>) -> Option<Book> {
    let fits = crate::update::shelf::fits_of(model, of?);
    fits.into_iter().next().map(|fit| fit.book)
}

/// All that can be chosen: of this runbook's document, else of this system's own documents, else a scale that needs
/// none. What firedeck brings along is of no system, and neither are its scales.
pub(super) fn of(model: &Model, book: Option<&Book>) -> Vec<Grade> {
    let own = book.filter(|book| !is_model(&book.document));
    let mut all = own.map(|book| of_document(&book.document)).unwrap_or_default();
    if all.is_empty() {
        let documents = model.shelf.own(&model.settings.profile);
        all = documents.into_iter().flat_map(|document| of_document(document)).collect();
    }
    if all.is_empty() {
        all = usual();
    }
    if let Some(book) = book {
        to_recover(&mut all, book);
    }
    all
}

/// Where nobody has written one down.
fn usual() -> Vec<Grade> {
    let all = [
        ("critical", "it is down, or data is at risk"),
        ("high", "much of it does not work"),
        ("medium", "some of it is slow or fails"),
        ("low", "nobody is hit yet"),
    ];
    let grade = |(name, criteria): (&str, &str)| Grade {
        name: name.to_owned(),
        criteria: criteria.to_owned(),
        ..Grade::default()
    };
    all.map(grade).into()
}

fn of_document(document: &Document) -> Vec<Grade> {
    let place = |line: u32| Some(Place { path: document.path.clone(), line });
    let criteria = |line: u32| {
        let rows = document.facts.iter().filter(|fact| fact.kind == "severity").flat_map(|fact| &fact.rows);
        rows.filter(|row| row.line == line).find_map(|row| row.get("criteria")).unwrap_or_default().to_owned()
    };
    let scaled: Vec<Grade> = scale(&document.facts)
        .map(|level| Grade {
            name: words(level.name),
            response: level.response_time.filter(|time| !time.is_empty()).map(words),
            rto: None,
            criteria: words(&criteria(level.line)),
            scale: place(level.line),
            document: words(&document.title),
        })
        .collect();
    if !scaled.is_empty() {
        return scaled;
    }
    // A document whose runbooks alone say how bad they are: each level once, with the time that one of them names.
    let mut grades: Vec<Grade> = Vec::new();
    for runbook in &document.runbooks {
        let Some(name) = runbook.severity.as_deref().filter(|name| !name.is_empty()) else { continue };
        let response = runbook.response_time.clone();
        match grades.iter_mut().find(|known| same(&known.name, name)) {
            Some(known) if known.response.is_none() => known.response = response,
            Some(_) => {}
            None => grades.push(Grade {
                name: words(name),
                response,
                rto: None,
                criteria: String::new(),
                scale: place(runbook.line),
                document: words(&document.title),
            }),
        }
    }
    grades.sort_by(|a, b| a.name.cmp(&b.name));
    grades
}

/// What the runbook itself wants stands before what its document says in general.
fn to_recover(grades: &mut [Grade], book: &Book) {
    let runbook: &Runbook = &book.runbook;
    let rto = runbook.rto.clone().or_else(|| objective(&book.document));
    for grade in grades {
        grade.rto.clone_from(&rto);
        let own = runbook.severity.as_deref().is_some_and(|own| same(own, &grade.name));
        if own && runbook.response_time.is_some() {
            grade.response.clone_from(&runbook.response_time);
        }
    }
}

/// The one time to recover that a document names for everything.
fn objective(document: &Document) -> Option<String> {
    let rows = document.facts.iter().filter(|fact| fact.kind == "objectives").flat_map(|fact| &fact.rows);
    let mut whole = rows.filter(|row| row.get("component").is_none()).filter_map(|row| row.get("rto"));
    match (whole.next(), whole.next()) {
        (Some(one), None) => Some(one.to_owned()),
        _ => None,
    }
}

/// Which one is offered: the runbook's own, else what the alert's label says; its words where no scale has it.
pub(super) fn offered(
    model: &Model,
    grades: &[Grade],
    book: Option<&Book>,
    of: Option<&ObjectRef>,
) -> String {
    let said = book.and_then(|book| book.runbook.severity.clone()).or_else(|| label(model, of?));
    let Some(said) = said.filter(|said| !said.is_empty()) else { return String::new() };
    grades.iter().find(|grade| same(&grade.name, &said)).map_or(words(&said), |grade| grade.name.clone())
}

/// The severity label of an alert.
fn label(model: &Model, of: &ObjectRef) -> Option<String> {
    match &model.listing(Kind::Alert)?.get(of)?.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => Some(alert.severity.to_string()),
        _ => None,
    }
}

pub(super) fn same(a: &str, b: &str) -> bool {
    a == b || level::read(a).zip(level::read(b)).is_some_and(|(a, b)| a.same(&b))
}

/// The one that was typed or chosen; what is on no scale stands for itself.
pub(super) fn chosen(grades: &[Grade], pick: Option<usize>, name: &str) -> Grade {
    if let Some(grade) = pick.and_then(|at| grades.get(at)) {
        return grade.clone();
    }
    let exactly = grades.iter().find(|grade| grade.name == name);
    let found = exactly.or_else(|| grades.iter().find(|grade| same(&grade.name, name)));
    found.cloned().unwrap_or_else(|| Grade { name: name.to_owned(), ..Grade::default() })
}
