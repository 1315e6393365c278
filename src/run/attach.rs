//! A turn as an attached pane: another process is the owner of the history.

use std::path::Path;
use std::sync::Arc;

use color_eyre::eyre::Result;
use tokio::sync::oneshot;

use crate::config::StoreSettings;
use crate::domain::update::Gaze;
use crate::domain::view::FleetView;
use crate::link::{Answer, Ask, Client, LinkError};
use crate::run::own::reply;
use crate::run::seat::Wish;
use crate::run::takeover::{Part, Turn, socket_of, turned};

/// Shows what the owner says until it has gone or the seat is left.
pub(super) async fn turn(part: &mut Part, mut client: Client) -> Turn {
    let mut updates = client.updates.clone();
    let mut silent = client.silent.clone();
    let questions = client.questions();
    updates.mark_changed();
    part.watched.mark_changed();
    part.note(Some("attached"));
    loop {
        tokio::select! {
            error = client.lost() => return Turn::Lost(error),
            Ok(()) = updates.changed() => {
                let newest = updates.borrow_and_update().clone();
                part.show(newest);
            }
            Ok(()) = silent.changed() => {
                let is_silent = *silent.borrow_and_update();
                part.note(Some(if is_silent { "the owner does not answer" } else { "attached" }));
            }
            Ok(()) = part.watched.changed() => {
                let gaze = part.watched.borrow_and_update().clone();
                client.watch(gaze);
            }
            Some(Wish { ask, answer: wanted }) = part.wishes.recv() => {
                let (answer_in, answer) = oneshot::channel();
                match questions.try_send((ask, answer_in)) {
                    Ok(()) => {
                        tokio::spawn(async move {
                            let lost = |_| Answer::Refused(LinkError::Ended.to_string());
                            reply(answer.await.unwrap_or_else(lost), wanted);
                        });
                    }
                    Err(_) => reply(Answer::Refused("too many questions wait: ask again".to_owned()), wanted),
                }
            }
            () = turned(&mut part.stopped) => return Turn::Left,
        }
    }
}

/// What the owner of a history shows at this moment.
#[derive(Debug)]
pub enum Shown {
    /// This.
    View(Arc<FleetView>),
    /// Nothing yet: it waits for its first answer.
    Nothing,
    /// There is no owner.
    NoOwner,
}

/// A way to the owner of the history; none where there is no owner.
///
/// # Errors
/// When there is an owner that does not answer or refuses.
pub async fn owner(settings: &StoreSettings) -> Result<Option<Client>, LinkError> {
    if let Some(socket) = &settings.attach {
        return Client::attach(socket, Gaze::default()).await.map(Some);
    }
    let Some(socket) = socket_of(&settings.path) else { return Ok(None) };
    match Client::attach(&socket, Gaze::default()).await {
        Err(LinkError::Absent(_)) => Ok(None),
        attached => attached.map(Some),
    }
}

/// Asks the owner of the history in a folder for its view.
///
/// # Errors
/// When there is an owner that does not answer or refuses.
pub async fn view_of_owner(store: &Path) -> Result<Shown, LinkError> {
    match socket_of(store) {
        Some(path) => match view_at(&path).await {
            Err(LinkError::Absent(_)) => Ok(Shown::NoOwner),
            shown => shown,
        },
        None => Ok(Shown::NoOwner),
    }
}

/// The owner's view in one line.
#[derive(Debug)]
pub enum ShownLine {
    /// This.
    Line(String),
    /// Nothing yet: it waits for its first answer.
    Nothing,
    /// There is no owner.
    NoOwner,
}

/// Asks the owner of the history for its view in one line, which is much less than the view.
///
/// # Errors
/// When there is an owner that does not answer or refuses.
pub async fn line_of_owner(settings: &StoreSettings) -> Result<ShownLine, LinkError> {
    let Some(socket) = settings.attach.clone().or_else(|| socket_of(&settings.path)) else {
        return Ok(ShownLine::NoOwner);
    };
    match Client::ask_once(&socket, Ask::Line).await {
        Ok(Answer::Line(line)) => Ok(line.map_or(ShownLine::Nothing, ShownLine::Line)),
        Ok(Answer::Refused(why)) => Err(LinkError::Refused(why)),
        Ok(_) => Err(LinkError::Ended),
        Err(LinkError::Absent(_)) if settings.attach.is_none() => Ok(ShownLine::NoOwner),
        Err(error) => Err(error),
    }
}

/// Asks the owner that listens at a path for its view.
///
/// # Errors
/// When nobody listens there, or who does so does not answer or refuses.
pub async fn view_at(path: &Path) -> Result<Shown, LinkError> {
    let view = Client::attach(path, Gaze::default()).await?.first_view().await?;
    Ok(view.map_or(Shown::Nothing, Shown::View))
}
