//! `config`: what the kubeconfig says. Nothing is asked of a server.
use super::api::kubeconfig;
use super::call::Call;
use super::table::Table;
use super::{Fault, Io};

pub fn config(call: &Call, io: &mut Io) -> Result<(), Fault> {
    let all = kubeconfig(call)?;
    let current = call.value("context").map(str::to_owned).or(all.current_context).unwrap_or_default();
    if call.verb == "config current-context" {
        if current.is_empty() {
            return Err(Fault::error("current-context is not set"));
        }
        return Ok(writeln!(io.stdout, "{current}")?);
    }
    let mut table = Table::default();
    if !call.on("no-headers") {
        table.head = ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"].map(str::to_owned).to_vec();
    }
    for one in all.contexts {
        let mark = if one.name == current { "*" } else { "" };
        let of = one.context.unwrap_or_default();
        let more = [of.user, of.namespace].map(Option::unwrap_or_default);
        table.rows.push([mark.to_owned(), one.name, of.cluster].into_iter().chain(more).collect());
    }
    table.rows.sort_by(|a, b| a.get(1).cmp(&b.get(1)));
    Ok(io.stdout.write_all(table.take().as_bytes())?)
}
