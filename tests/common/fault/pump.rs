//! One connection: bytes in both directions, under whatever fault holds.
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::http::Requests;
use super::{Fault, Switch};

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Closed,
    Reset,
}

pub(super) struct Line {
    switch: Switch,
    requests: Requests,
    /// Bytes of answers since the fault that holds was set.
    answered: u64,
    random: u64,
}

impl Line {
    pub(super) fn new(mut switch: Switch) -> Line {
        switch.hung_up.mark_unchanged();
        Line { switch, requests: Requests::default(), answered: 0, random: 0x9e37_79b9_7f4a_7c15 }
    }

    /// Waits out a black hole; an error is how the connection ends.
    pub(super) async fn may_pass(&mut self) -> Result<Fault, End> {
        loop {
            let (_, fault) = *self.switch.fault.borrow_and_update();
            match fault {
                Fault::Reset => return Err(End::Reset),
                Fault::Refuse => return Err(End::Closed),
                Fault::BlackHole => self.change().await?,
                passes => return Ok(passes),
            }
        }
    }

    /// Waits until another fault is set, or the connection is to end.
    async fn change(&mut self) -> Result<(), End> {
        tokio::select! {
            changed = self.switch.fault.changed() => changed.map_err(|_| End::Closed)?,
            _ = self.switch.hung_up.changed() => return Err(End::Closed),
        }
        self.answered = 0;
        Ok(())
    }

    pub(super) async fn pump<C, B>(&mut self, client: &mut C, backend: &mut B) -> End
    where
        C: AsyncRead + AsyncWrite + Unpin,
        B: AsyncRead + AsyncWrite + Unpin,
    {
        match self.pass(client, backend).await {
            Ok(()) => End::Closed,
            Err(end) => end,
        }
    }

    async fn pass<C, B>(&mut self, client: &mut C, backend: &mut B) -> Result<(), End>
    where
        C: AsyncRead + AsyncWrite + Unpin,
        B: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut up, mut down) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        let mut client_speaks = true;
        loop {
            let fault = self.may_pass().await?;
            let room = match fault {
                Fault::Slow { bytes_per_second } => (bytes_per_second as usize / 20).clamp(1, down.len()),
                _ => down.len(),
            };
            tokio::select! {
                changed = self.change() => changed?,
                got = client.read(&mut up), if client_speaks => match got.map_err(|_| End::Closed)? {
                    0 => {
                        client_speaks = false;
                        let _ = backend.shutdown().await;
                    }
                    length => {
                        let passed = self.requests.take(&up[..length], &self.switch.rules);
                        self.write(backend, &passed.on).await?;
                        if let Some(answer) = passed.answer {
                            self.write(client, &answer).await?;
                            let _ = client.shutdown().await;
                            self.drain(client, &mut up).await;
                            return Ok(());
                        }
                    }
                },
                got = backend.read(&mut down[..room]) => match got.map_err(|_| End::Reset)? {
                    0 => {
                        let _ = client.shutdown().await;
                        return Ok(());
                    }
                    length => self.answer(client, &mut down[..length], fault).await?,
                },
            }
        }
    }

    async fn answer<C: AsyncWrite + Unpin>(
        &mut self,
        client: &mut C,
        bytes: &mut [u8],
        fault: Fault,
    ) -> Result<(), End> {
        let mut whole = true;
        let mut length = bytes.len();
        match fault {
            Fault::Garbage => bytes.fill_with(|| self.random_byte()),
            Fault::Delay(time) => self.idle(time).await?,
            Fault::Cut { after } => {
                let left = after.saturating_sub(self.answered);
                length = usize::try_from(left).unwrap_or(usize::MAX).min(length);
                whole = self.answered + (length as u64) < after;
            }
            _ => {}
        }
        self.write(client, &bytes[..length]).await?;
        self.answered += length as u64;
        if !whole {
            let _ = client.flush().await;
            return Err(End::Closed);
        }
        if let Fault::Slow { bytes_per_second } = fault {
            let time = Duration::from_secs(1) * u32::try_from(length).unwrap_or(u32::MAX);
            self.idle(time / bytes_per_second.max(1)).await?;
        }
        Ok(())
    }

    /// Lets time pass, unless another fault is set meanwhile: it holds from the next piece on.
    async fn idle(&mut self, time: Duration) -> Result<(), End> {
        let mut fault = self.switch.fault.clone();
        tokio::select! {
            () = tokio::time::sleep(time) => Ok(()),
            _ = fault.changed() => Ok(()),
            _ = self.switch.hung_up.changed() => Err(End::Closed),
        }
    }

    /// Writes all of it, unless the connection is to end: a reader that stopped must not hold that up.
    async fn write<W: AsyncWrite + Unpin>(&mut self, to: &mut W, bytes: &[u8]) -> Result<(), End> {
        let mut fault = self.switch.fault.clone();
        tokio::select! {
            done = async {
                to.write_all(bytes).await?;
                to.flush().await
            } => done.map_err(|_| End::Closed),
            _ = fault.wait_for(|(_, fault)| *fault == Fault::Reset) => Err(End::Reset),
            _ = self.switch.fault.wait_for(|(_, fault)| *fault == Fault::Refuse) => Err(End::Closed),
            _ = self.switch.hung_up.changed() => Err(End::Closed),
        }
    }

    /// A connection closed with bytes unread is reset, and the client never sees the answer.
    async fn drain<C: AsyncRead + Unpin>(&mut self, client: &mut C, buffer: &mut [u8]) {
        let rest = async { while client.read(buffer).await.is_ok_and(|length| length > 0) {} };
        tokio::select! {
            () = rest => {}
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            _ = self.switch.hung_up.changed() => {}
        }
    }

    fn random_byte(&mut self) -> u8 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random.to_le_bytes()[4]
    }
}
