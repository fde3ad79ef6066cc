//! Damage and repair, resources that run out, runs that are carried elsewhere, and formats that must stay readable.
#![cfg(test)]

mod carried;
mod history;
mod killed;
mod repair;
mod resources;
mod version_1;

use std::sync::LazyLock;

use crate::crash::scene::Scene;

/// A finished run, performed once; tests work on copies.
static FINISHED: LazyLock<Scene> = LazyLock::new(|| {
    let scene = Scene::new();
    scene.perform(None).succeeds();
    scene
});

/// A copy of the finished run.
pub(crate) fn finished() -> Scene {
    Scene::like(&FINISHED)
}
