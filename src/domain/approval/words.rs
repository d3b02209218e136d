//! A plan in words: what has to be typed, what is said above the question, what is copied.
use std::time::Duration;

use super::Plan;
use crate::domain::action::{Native, Verb};
use crate::domain::alert::Matcher;
use crate::domain::object::{Kind, Realm};
use crate::domain::settings::limit::write_span;
use crate::domain::text::quoted;
use crate::domain::text::{clean, clean_lines, one_line};
use crate::domain::time::Timestamp;

/// What has to be typed before something dangerous runs: the target, or for many the deed, how many and
/// of what.
pub fn phrase(plan: &Plan) -> String {
    if let Some(command) = plan.shell() {
        return clean(&command.phrase).into_owned();
    }
    match plan.actions() {
        [one] => clean(&one.target.to_string()).into_owned(),
        many => together(many),
    }
}

/// The first line of a question.
pub fn headline(plan: &Plan) -> String {
    if let Some(command) = plan.shell() {
        return one_line(&command.shown);
    }
    let text = match plan.actions() {
        [one] => deed(one),
        many => {
            let all = together(many);
            match many.first().map(|action| &action.verb) {
                Some(Verb::Scale { to, .. }) if many.iter().all(|a| scaled_to(a) == Some(*to)) => {
                    format!("{all} to {to}")
                }
                _ => all,
            }
        }
    };
    clean(&text).into_owned()
}

/// What one action does, in a few words; the look says it better once it has answered.
pub fn effect(action: &Native) -> String {
    let text = match &action.verb {
        Verb::Restart if action.target.kind == Kind::Container => {
            "it ends and begins again, with the same image and settings".to_owned()
        }
        Verb::Restart => "its pods are replaced, a few at a time".to_owned(),
        Verb::Scale { from, to } => format!("{from} → {to} replicas"),
        Verb::Undo { to: Some(revision) } => format!("back to revision {revision}"),
        Verb::Undo { to: None } => "back to the revision before".to_owned(),
        Verb::SetImage { container, from, to } => format!("image of {container}: {from} → {to}"),
        Verb::Delete { force: true, .. } => {
            "the pod is forgotten at once, whether it has ended or not".to_owned()
        }
        Verb::Delete { grace_seconds: Some(seconds), .. } => format!("the pod ends, {seconds} s of grace"),
        Verb::Delete { .. } => "the pod ends, with its own grace".to_owned(),
        Verb::Cordon => "no new pods come to it; those there stay".to_owned(),
        Verb::Uncordon => "new pods may come to it again".to_owned(),
        Verb::Drain { .. } => "no new pods come to it, and those there are evicted".to_owned(),
        Verb::Start => "it begins again".to_owned(),
        Verb::Stop { grace_seconds: Some(seconds) } => format!("it ends, {seconds} s of grace"),
        Verb::Stop { grace_seconds: None } => "it ends, with its own grace".to_owned(),
        Verb::Cancel => "its query ends, the session stays".to_owned(),
        Verb::Terminate { frees: 0 } => "the session ends, what it had not committed is undone".to_owned(),
        Verb::Terminate { frees } => {
            format!("the session ends, what it had not committed is undone; frees {frees} that wait for it")
        }
        Verb::Disconnect => "the client loses its connection; most connect again".to_owned(),
        Verb::EndScript { function } => {
            let what = if *function { "function" } else { "script" };
            format!("the {what} ends with an error for who called it; the node answers the others again")
        }
        Verb::Silence { matchers, seconds, .. } => {
            format!("nobody is told of alerts with {} for {}", all_of(matchers), span(*seconds))
        }
        Verb::Extend { seconds, .. } => format!("it ends {} later", span(*seconds)),
        Verb::Expire => "what it holds back is told again".to_owned(),
        Verb::Query { .. } => "these statements go over the session that firedeck holds".to_owned(),
        Verb::Shell { container, command } if command.is_empty() => {
            format!("a shell in container {container}")
        }
        Verb::Shell { container, command } => format!("`{}` in container {container}", command.join(" ")),
    };
    clean(&text).into_owned()
}

/// The same for a shell, one line each, to be copied and kept; firedeck itself asks the server directly.
pub fn commands(plan: &Plan) -> Vec<String> {
    if let Some(command) = plan.shell() {
        return clean_lines(&command.shown).lines().map(str::to_owned).collect();
    }
    let lines = plan.actions().iter().map(|action| match action.verb {
        // Statements keep their lines, and are of any length.
        Verb::Query { .. } => clean_lines(&command(action)).into_owned(),
        _ => clean(&command(action)).into_owned(),
    });
    lines.collect()
}

/// The texts that a plan sends as they are, to be read whole.
pub fn statements(plan: &Plan) -> Option<String> {
    match plan.actions() {
        [Native { verb: Verb::Query { sql, .. }, .. }] => {
            Some(clean_lines(&sql.join("\n")).trim_end().to_owned())
        }
        _ => None,
    }
}

fn deed(action: &Native) -> String {
    let (kind, target) = (action.target.kind, &action.target);
    match &action.verb {
        Verb::Scale { to, .. } => format!("scale {kind} {target} to {to}"),
        Verb::Undo { to: Some(revision) } => format!("take {kind} {target} back to revision {revision}"),
        Verb::Undo { to: None } => format!("undo the last rollout of {kind} {target}"),
        Verb::SetImage { container, to, .. } => {
            format!("set image of {container} in {kind} {target} to {to}")
        }
        Verb::Shell { .. } if kind == Kind::Container => format!("open a shell in {kind} {target}"),
        Verb::Shell { container, .. } => format!("open a shell in {kind} {target}, container {container}"),
        Verb::Silence { matchers, seconds, .. } => {
            format!("silence {} for {}", all_of(matchers), span(*seconds))
        }
        Verb::Extend { seconds, .. } => format!("extend {kind} {target} by {}", span(*seconds)),
        Verb::EndScript { function: true } => format!("end the function that keeps {target} busy"),
        Verb::EndScript { function: false } => format!("end the script that keeps {target} busy"),
        Verb::Query { .. } => format!("ask {target} over the session that firedeck holds"),
        verb => format!("{} {kind} {target}", verb.name()),
    }
}

fn together(many: &[Native]) -> String {
    let same = |key: &dyn Fn(&Native) -> &'static str| {
        let first = many.first().map(key)?;
        many.iter().all(|action| key(action) == first).then_some(first)
    };
    let verb = same(&|action| action.verb.name()).unwrap_or("change");
    let noun = same(&|action| action.target.kind.plural()).unwrap_or("objects");
    format!("{verb} {} {noun}", many.len())
}

fn scaled_to(action: &Native) -> Option<u32> {
    match action.verb {
        Verb::Scale { to, .. } => Some(to),
        _ => None,
    }
}

fn all_of(matchers: &[Matcher]) -> String {
    matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn span(seconds: u64) -> String {
    write_span(Duration::from_secs(seconds))
}

fn command(action: &Native) -> String {
    let target = &action.target;
    let name = quoted(&target.name);
    match target.kind.realm() {
        Realm::Database => {
            if let Verb::Query { sql, .. } = &action.verb {
                let texts: Vec<String> = sql.iter().map(|text| format!("-c {}", quoted(text))).collect();
                return format!("psql {} # on {}", texts.join(" "), target.context);
            }
            // The identity goes into the statement: a number is given to others again.
            let (pid, began) = action.uid.split_once('@').unwrap_or((&action.uid, ""));
            let does = if action.verb == Verb::Cancel { "cancel" } else { "terminate" };
            let sql = format!(
                "select pg_{does}_backend(pid) from pg_stat_activity where pid = {pid} and backend_start = '{began}'"
            );
            format!("psql -c {} # on {}", quoted(&sql), target.context)
        }
        Realm::Redis => {
            // Both together are the condition: a number and a port are each given to others again.
            let (id, address) = action.uid.split_once('@').unwrap_or((&action.uid, ""));
            let node = if target.kind == Kind::RedisNode { &target.name } else { &target.namespace };
            let at = match node.rsplit_once(':') {
                Some((host, port)) => {
                    let host = host.trim_start_matches('[').trim_end_matches(']');
                    format!("-h {} -p {}", quoted(host), quoted(port))
                }
                None => format!("-s {}", quoted(node)),
            };
            if let Verb::EndScript { function } = action.verb {
                return format!("redis-cli {at} {} kill", if function { "function" } else { "script" });
            }
            format!("redis-cli {at} client kill id {} addr {}", quoted(id), quoted(address))
        }
        Realm::Containers => {
            // An id is one container of one engine; a name may be another's somewhere else.
            let id = if action.uid.is_empty() { &name } else { &quoted(&action.uid) };
            let does = match &action.verb {
                Verb::Stop { grace_seconds: Some(seconds) } => format!("docker stop -t {seconds} {id}"),
                Verb::Shell { command, .. } => format!("docker exec -it {id} {}", opened(command)),
                verb => format!("docker {} {id}", verb.name()),
            };
            format!("{does} # {} on {}", target.name, target.context)
        }
        Realm::Alerts => match &action.verb {
            Verb::Silence { matchers, seconds, comment } => {
                let matchers: Vec<String> = matchers.iter().map(|one| quoted(&one.to_string())).collect();
                format!(
                    "amtool silence add --duration={} --comment={} {}",
                    span(*seconds),
                    quoted(comment),
                    matchers.join(" ")
                )
            }
            // Its `--duration` counts from the beginning of the silence, not from its end.
            Verb::Extend { until, .. } => {
                let end = until.map_or_else(|| "END".into(), Timestamp::rfc3339);
                format!("amtool silence update --end={end} {name}")
            }
            _ => format!("amtool silence expire {name}"),
        },
        Realm::Kubernetes | Realm::Vitals | Realm::Changes => kubectl(action),
    }
}

fn kubectl(action: &Native) -> String {
    let target = &action.target;
    let name = quoted(&target.name);
    let object = quoted(&format!("{}/{}", target.kind, target.name));
    let grace = |seconds: &Option<u32>| seconds.map_or_else(String::new, |s| format!(" --grace-period={s}"));
    let force = |force: &bool| if *force { " --force" } else { "" };
    let place = {
        let context = quoted(&target.context);
        if target.kind == Kind::Node || target.namespace.is_empty() {
            format!(" --context {context}")
        } else {
            format!(" -n {} --context {context}", quoted(&target.namespace))
        }
    };
    match &action.verb {
        Verb::Restart => format!("kubectl rollout restart {object}{place}"),
        Verb::Scale { from, to } => {
            format!("kubectl scale {object} --current-replicas={from} --replicas={to}{place}")
        }
        Verb::Undo { to: Some(revision) } => {
            format!("kubectl rollout undo {object} --to-revision={revision}{place}")
        }
        Verb::Undo { to: None } => format!("kubectl rollout undo {object}{place}"),
        Verb::SetImage { container, to, .. } => {
            format!("kubectl set image {object} {}{place}", quoted(&format!("{container}={to}")))
        }
        Verb::Delete { grace_seconds, force: by_force } => {
            format!("kubectl delete {object}{}{}{place}", grace(grace_seconds), force(by_force))
        }
        Verb::Cordon => format!("kubectl cordon {name}{place}"),
        Verb::Uncordon => format!("kubectl uncordon {name}{place}"),
        Verb::Drain { grace_seconds, force: by_force } => {
            format!(
                "kubectl drain {name} --ignore-daemonsets{}{}{place}",
                grace(grace_seconds),
                force(by_force)
            )
        }
        Verb::Shell { container, command } => {
            let container = quoted(container);
            format!("kubectl exec -it {object} -c {container}{place} -- {}", opened(command))
        }
        // Of other realms.
        verb => format!("{} {object}", verb.name()),
    }
}

/// What runs in a container. When nothing is named: bash where there is one.
fn opened(command: &[String]) -> String {
    let usual = ["sh", "-c", "command -v bash >/dev/null && exec bash; exec sh"].map(str::to_owned);
    let command = if command.is_empty() { &usual[..] } else { command };
    let command: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    command.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::approval::Tier;
    use crate::domain::object::ObjectRef;

    fn action(kind: Kind, namespace: &str, name: &str, verb: Verb) -> Native {
        let target =
            ObjectRef { context: "prod eu".into(), kind, namespace: namespace.into(), name: name.into() };
        Native { target, uid: "u".into(), verb }
    }

    #[test]
    fn the_phrase_names_one_target_and_counts_many() {
        let delete = Verb::Delete { grace_seconds: None, force: false };
        let pod = action(Kind::Pod, "lego-mcp", "worker-1", delete);
        assert_eq!(phrase(&Plan::Native(vec![pod.clone()])), "lego-mcp/worker-1");
        assert_eq!(phrase(&Plan::Native(vec![pod.clone(); 4])), "delete 4 pods");
        let drain = Verb::Drain { grace_seconds: None, force: false };
        let node = action(Kind::Node, "", "node-3", drain.clone());
        assert_eq!(phrase(&Plan::Native(vec![node.clone()])), "node-3");
        assert_eq!(phrase(&Plan::Native(vec![node, pod])), "change 2 objects");
    }

    #[test]
    fn a_client_of_a_redis_is_named_by_its_server_its_number_and_its_address() {
        let mut client = action(Kind::Client, "10.0.0.5:6379", "57", Verb::Disconnect);
        client.uid = "57@10.0.0.4:53211".into();
        let plan = Plan::Native(vec![client]);
        assert_eq!(commands(&plan), ["redis-cli -h 10.0.0.5 -p 6379 client kill id 57 addr 10.0.0.4:53211"]);
        assert_eq!(headline(&plan), "disconnect client 10.0.0.5:6379/57");
    }

    #[test]
    fn statements_are_copied_whole_for_psql_and_named_by_their_server() {
        let sql = vec!["SELECT 'a'\nFROM stock".to_owned(), "x".repeat(9_000)];
        let verb = Verb::Query { sql, risk: Tier::Danger, meant: String::new() };
        let plan = Plan::Native(vec![action(Kind::Server, "", "main", verb)]);
        assert_eq!(phrase(&plan), "main");
        assert_eq!(headline(&plan), "ask main over the session that firedeck holds");
        let copied = commands(&plan).concat();
        assert!(copied.starts_with("psql -c 'SELECT '\\''a'\\''\nFROM stock' -c xxx"), "{copied}");
        assert!(copied.ends_with("xxx # on prod eu") && copied.len() > 9_000);
        assert!(
            statements(&plan).is_some_and(|text| text.starts_with("SELECT 'a'\nFROM") && text.len() > 9_000)
        );
    }

    #[test]
    fn what_keeps_a_node_busy_is_named_by_what_it_is() {
        let end = |function| {
            let verb = Verb::EndScript { function };
            Plan::Native(vec![action(Kind::RedisNode, "", "10.0.0.5:6379", verb)])
        };
        assert_eq!(headline(&end(false)), "end the script that keeps 10.0.0.5:6379 busy");
        assert_eq!(commands(&end(false)), ["redis-cli -h 10.0.0.5 -p 6379 script kill"]);
        assert_eq!(commands(&end(true)), ["redis-cli -h 10.0.0.5 -p 6379 function kill"]);
    }

    #[test]
    fn a_silence_is_copied_with_the_end_that_it_would_have() {
        let until = Some(Timestamp(1_774_440_000_000));
        let extend = action(Kind::Silence, "", "a-b-c", Verb::Extend { seconds: 3_600, until });
        let matchers = vec![Matcher::equals("alertname", "It's down")];
        let silence = Verb::Silence { matchers, seconds: 5_400, comment: "why not".into() };
        let silence = action(Kind::Alert, "", "Down-1", silence);
        assert_eq!(
            commands(&Plan::Native(vec![extend, silence])),
            [
                "amtool silence update --end=2026-03-25T12:00:00.000Z a-b-c",
                r#"amtool silence add --duration=90m --comment='why not' 'alertname="It'\''s down"'"#,
            ]
        );
    }

    #[test]
    fn a_restart_is_told_by_what_it_does_to_its_kind() {
        let restart = |kind| effect(&action(kind, "", "api", Verb::Restart));
        assert!(restart(Kind::Container).contains("the same image"));
        assert!(restart(Kind::Deployment).contains("pods"));
    }

    #[test]
    fn what_is_copied_is_one_quoted_line_for_each_action() {
        let image = Verb::SetImage { container: "app".into(), from: "a:1".into(), to: "it's; rm".into() };
        let plan = Plan::Native(vec![
            action(Kind::Deployment, "web", "api", image),
            action(Kind::Node, "", "node-3", Verb::Cordon),
        ]);
        assert_eq!(
            commands(&plan),
            [
                r"kubectl set image deployment/api 'app=it'\''s; rm' -n web --context 'prod eu'",
                "kubectl cordon node-3 --context 'prod eu'",
            ]
        );
    }

    #[test]
    fn the_command_for_a_shell_opens_what_is_opened_here() {
        let shell = |command: &[&str]| {
            let command = command.iter().map(|word| (*word).to_owned()).collect();
            let verb = Verb::Shell { container: "api".into(), command };
            commands(&Plan::Native(vec![action(Kind::Container, "", "api", verb)])).concat()
        };
        let usual = "docker exec -it u sh -c 'command -v bash >/dev/null && exec bash; exec sh'";
        assert_eq!(shell(&[]), format!("{usual} # api on prod eu"));
        assert_eq!(shell(&["cat", "a file"]), "docker exec -it u cat 'a file' # api on prod eu");
    }
}
