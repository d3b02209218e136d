//! The terminal in a shell's hands, and back.
use std::pin::pin;

use tokio::time::MissedTickBehavior;

use super::full::{self, Back};
use super::{CLOCK, Cockpit, passage, terminal};
use crate::domain::news::ActionId;
use crate::model::msg::Msg;
use crate::sources::now;
use crate::update::update;

impl Cockpit {
    /// Lends the terminal to a shell until the operator comes back; the feeds go on meanwhile.
    pub(super) async fn enter(&mut self, id: ActionId) -> color_eyre::Result<Option<&'static str>> {
        let Some(running) = self.shells.enter(id) else {
            self.model.say("this shell has ended", false);
            return Ok(None);
        };
        let Some(shell) = &running.shell else {
            self.model.say(format!("the {} is not open yet", running.title), false);
            return Ok(None);
        };
        let (mut printed, mut typing, size) = passage::attach(shell, running.seen, &running.stop);
        let back = {
            let resized = |columns, rows| _ = size.send_replace((columns, rows));
            let ends = (&mut printed, &mut typing);
            let lent = full::lend(
                &mut self.screen,
                &mut self.input,
                &mut self.signals,
                &running.title,
                ends,
                resized,
            );
            let mut lent = pin!(lent);
            let mut clock = tokio::time::interval(CLOCK);
            clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let msg = tokio::select! {
                    biased;
                    back = &mut lent => break back?,
                    Some(msg) = self.answers.recv() => msg,
                    _ = clock.tick() => Msg::Tick(now()),
                    Some(batch) = self.news.recv() => Msg::News(batch),
                };
                // No key can come in here, so nothing comes out that needs the terminal.
                for effect in update(&mut self.model, msg) {
                    self.hands.perform(effect, &self.model);
                }
            }
        };
        shell.detach();
        self.told = None;
        match back {
            Back::Returned => {
                let text = "the shell goes on: `s` enters it again, `:end-shell` ends it";
                self.model.say(text, false);
            }
            // Its outcome says how.
            Back::Ended => {}
            Back::Broke(why) => self.model.say(format!("the {} broke: {why}", running.title), true),
            Back::Told(signal) => return Ok(Some(signal)),
            Back::Lost => return Ok(Some("terminal lost")),
        }
        let (columns, rows) = terminal::size();
        self.take(Msg::Resized { columns, rows }).await
    }
}
