//! Keeps the workers running: each is replaced before it is missed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::pool::Pool;
use super::process::{Process, Recipe};
use crate::log;

/// How long to wait before another try, when workers end without having done anything.
const PAUSE: Duration = Duration::from_secs(1);

/// A number of workers. Dropping it kills them.
#[derive(Debug)]
pub(super) struct Keeper {
    stop: watch::Sender<bool>,
    posts: Mutex<JoinSet<()>>,
}

impl Keeper {
    /// Starts so many workers, whose threads go to the pool.
    ///
    /// # Errors
    /// What keeps the first of them from serving.
    pub(super) async fn start(recipe: Recipe, workers: usize, pool: &Arc<Pool>) -> Result<Keeper, String> {
        let recipe = Arc::new(recipe);
        let mut first = Some(Process::start(&recipe, pool).await?);
        let stop = watch::Sender::new(false);
        let mut posts = JoinSet::new();
        for _ in 0..workers {
            posts.spawn(keep(first.take(), Arc::clone(&recipe), Arc::clone(pool), stop.subscribe()));
        }
        Ok(Keeper { stop, posts: Mutex::new(posts) })
    }

    /// Ends all workers.
    pub(super) async fn stop(&self) {
        self.stop.send_replace(true);
        let posts = std::mem::take(&mut *self.posts.lock().unwrap_or_else(PoisonError::into_inner));
        posts.join_all().await;
    }
}

/// Has a worker run at all times, until it is to stop.
async fn keep(first: Option<Process>, recipe: Arc<Recipe>, pool: Arc<Pool>, mut stop: watch::Receiver<bool>) {
    // Those that finish what they have begun.
    let mut retired = JoinSet::new();
    let mut present = first;
    loop {
        let post = async {
            let process = match &mut present {
                Some(process) => process,
                None => present.insert(successor(&recipe, &pool).await),
            };
            process.end_of_service().await;
        };
        tokio::select! { biased;
            _ = stop.wait_for(|&stop| stop) => break,
            () = post => {}
        }
        let Some(process) = present.take() else { continue };
        pool.remove(process.worker());
        let has_served = process.worker().has_begun();
        retired.spawn(process.retire());
        while retired.try_join_next().is_some() {}
        if !has_served {
            sleep(PAUSE).await;
        }
    }
    retired.abort_all();
    if let Some(process) = present {
        process.end().await;
    }
    // Dropped means killed, and waited for.
    while retired.join_next().await.is_some() {}
}

/// A new worker, however many tries it takes.
async fn successor(recipe: &Recipe, pool: &Arc<Pool>) -> Process {
    loop {
        match Process::start(recipe, pool).await {
            Ok(process) => return process,
            Err(why) => why.lines().for_each(log::line),
        }
        sleep(PAUSE).await;
    }
}
