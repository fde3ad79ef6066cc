//! `run --estimate`: what a new run would ask and cost.

use super::edge::Edge;
use super::failure::Failure;
use super::machine::{self, Cache};
use super::order;
use super::output;
use super::session;
use super::verb::run::Args;
use crate::engine;
use crate::lab::Lab;
use crate::script::Pool;
use crate::view::document::estimate::table;

/// Reckons a new run of these settings, and tells; nothing is started.
pub fn tell(args: &Args, lab: &Lab, edge: &Edge) -> Result<(), Failure> {
    let name = args.name.clone().map_or_else(|| order::numbered(1), Ok)?;
    let order = order::new_run(args, name, lab, edge)?;
    let world = session::world(lab, edge)?;
    let estimate = session::runtime()?.block_on(async {
        let cache = Cache::of(edge)?;
        let scripts = Pool::new(machine::host(edge, &machine::probe(edge, &cache).await?));
        Ok::<_, Failure>(engine::estimate::estimate(&world, &order, &scripts).await?)
    })?;
    if args.json {
        return output::document(&estimate);
    }
    output::answer(&table(&estimate, edge.page))
}
