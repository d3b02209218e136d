//! The incident: how it stands, what happened, what is handed over.
pub mod clock;
mod contacts;
pub mod lines;
mod stand;

use std::borrow::Cow;

use super::{Fact, Pane};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::settings::{Action, Role};
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::incident::{Page, short};

pub struct IncidentPane;

impl Pane for IncidentPane {
    fn kind(&self) -> PaneKind {
        PaneKind::Incident
    }

    fn name(&self, model: &Model) -> Cow<'static, str> {
        model.incidents.screen.page.title().into()
    }

    fn fed_by(&self, _: &Feed, _: &Model) -> bool {
        false
    }

    fn facts(&self, model: &Model) -> Vec<Fact> {
        let screen = &model.incidents.screen;
        let mut facts = Vec::new();
        match (model.incidents.state(), screen.page) {
            (_, Page::Handover) | (None, Page::TimeLine) => {
                facts.push(Fact::new("of this shift", Role::Text));
            }
            (Some(state), _) => {
                let come = state.stage();
                facts.push(Fact::new(format!("#{}", short(&state.name)), Role::Text));
                facts.push(Fact::new(come.name(), super::role(come.level())));
            }
            (None, Page::Stand) => facts.push(Fact::new("none is open", Role::Dim)),
        }
        if screen.page == Page::TimeLine {
            facts.push(Fact::new(crate::incident::words::counted(screen.entries.len(), "line"), Role::Dim));
            if screen.filter.pinned {
                facts.push(Fact::new("only pinned", Role::Hit));
            }
            if !screen.filter.words.is_empty() {
                facts.push(Fact::new(format!("/{}", screen.filter.words), Role::Hit));
            }
        }
        facts
    }

    fn lamp(&self, _: &Model) -> (Level, String) {
        (Level::Fine, String::new())
    }

    fn keys(&self, model: &Model) -> Vec<Action> {
        use crate::incident::state::Stage;
        use Action::{
            AddMeasure, Back, CloseIncident, Copy, EndMeasure, Filter, HandOver, Handover, Incident, Note,
            OnlyPinned, PinLine, ReopenIncident, SetAcknowledged, SetMitigated, SetResolved, SetRole,
            SetSeverity, TimeLine, WriteDown,
        };
        match model.incidents.screen.page {
            Page::TimeLine => vec![Back, PinLine, OnlyPinned, Filter, WriteDown, Copy, Incident, Handover],
            Page::Handover => vec![Back, WriteDown, Copy, HandOver, Incident, TimeLine],
            Page::Stand => {
                let next = match model.incidents.state().map(crate::incident::state::State::stage) {
                    None => return vec![Back, Incident, TimeLine, Handover, Note],
                    Some(Stage::Open) => SetAcknowledged,
                    Some(Stage::Acknowledged) => SetMitigated,
                    Some(Stage::Mitigated) => SetResolved,
                    Some(Stage::Resolved) => CloseIncident,
                    Some(Stage::Closed) => return vec![Back, ReopenIncident, WriteDown, TimeLine, Handover],
                };
                vec![next, AddMeasure, EndMeasure, SetSeverity, SetRole, TimeLine, Handover, Note, WriteDown]
            }
        }
    }
}
