//! The terminal in a shell's hands, and back.
use std::pin::pin;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::full::{self, Back};
use super::passage::{self, Ends};
use super::{CLOCK, Cockpit, terminal};
use crate::domain::news::ActionId;
use crate::model::msg::Msg;
use crate::sources::now;
use crate::update::update;

/// A session that takes longer is busy with something else.
const ENTERED: Duration = Duration::from_secs(2);

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
        let ends = passage::attach(shell, running.seen, &running.stop);
        let back = self.lend(&running.title, ends).await?;
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
        self.sized().await
    }

    /// Lends the terminal to what runs in a session of a run, until it ends or the operator comes back.
    pub(super) async fn enter_session(&mut self, session: &str) -> color_eyre::Result<Option<&'static str>> {
        let entered = tokio::time::timeout(ENTERED, self.hands.runs.enter(session)).await;
        let entered = entered.unwrap_or_else(|_| Err("its session does not answer".into()));
        let (title, ends) = match entered {
            Ok(entered) => entered,
            Err(why) => {
                self.model.say(format!("not entered: {why}"), true);
                return Ok(None);
            }
        };
        let back = self.lend(&title, ends).await?;
        self.told = None;
        match back {
            Back::Returned => self.model.say("it goes on; it can be entered again", false),
            // What it came to is told by its own event.
            Back::Ended => {}
            Back::Broke(why) => self.model.say(format!("{title} broke: {why}"), true),
            Back::Told(signal) => return Ok(Some(signal)),
            Back::Lost => return Ok(Some("terminal lost")),
        }
        self.sized().await
    }

    async fn sized(&mut self) -> color_eyre::Result<Option<&'static str>> {
        let (columns, rows) = terminal::size();
        self.take(Msg::Resized { columns, rows }).await
    }

    /// Why the cockpit has the terminal again; the feeds go on meanwhile.
    async fn lend(&mut self, title: &str, ends: Ends) -> color_eyre::Result<Back> {
        let (mut printed, mut typing, size) = ends;
        let resized = |columns, rows| _ = size.send_replace((columns, rows));
        let (screen, input, signals) = (&mut self.screen, &mut self.input, &mut self.signals);
        let mut lent = pin!(full::lend(screen, input, signals, title, (&mut printed, &mut typing), resized));
        let mut clock = tokio::time::interval(CLOCK);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let msg = tokio::select! {
                biased;
                back = &mut lent => return Ok(back?),
                Some(msg) = self.answers.recv() => msg,
                _ = clock.tick() => Msg::Tick(now()),
                Some(batch) = self.news.recv() => Msg::News(batch),
            };
            // No key can come in here, so nothing comes out that needs the terminal.
            for effect in update(&mut self.model, msg) {
                self.hands.perform(effect, &self.model);
            }
        }
    }
}
