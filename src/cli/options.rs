//! Every flag and sub-command, with its help.
use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::incidents::IncidentsCommand;
use super::report::ReportCommand;
use super::runbooks::options::{RunbooksCommand, Within, pair};
use crate::config::{Env, Request, View};
use crate::domain::settings::Backend;
use crate::domain::settings::values::LogLevel;

const EXAMPLES: &str = "\
Examples:
  firedeck                                what the kubeconfig's current context shows
  firedeck --profile lego-mcp             one system: its contexts, namespaces, limits
  firedeck --context eu --context us -n all
  firedeck open deploy/shop/web           land on one thing
  firedeck wall --profile lego-mcp        for the big screen; nothing can be changed there
  firedeck runbooks search disk full      find a runbook; `list`, `show` and `lint` are there too
  firedeck incidents list                 what happened; `show`, and `export` for a post-mortem
  firedeck report handover                what the next shift has to know
  firedeck config check                   find every mistake in the settings

Exit status: 0 well, 1 a problem, 2 a mistake on the command line.";

const MORE: &str = "\
Examples:
  firedeck                                what the kubeconfig's current context shows
  firedeck --profile lego-mcp             one system: its contexts, namespaces, limits
  firedeck --context eu --context us -n all
  firedeck open deploy/shop/web           land on one thing
  firedeck wall --profile lego-mcp        for the big screen; nothing can be changed there
  firedeck runbooks search disk full      find a runbook; `list`, `show` and `lint` are there too
  firedeck incidents list                 what happened; `show`, and `export` for a post-mortem
  firedeck report handover                what the next shift has to know
  firedeck config check                   find every mistake in the settings

Files:
  $XDG_CONFIG_HOME/firedeck/config.toml   settings; `firedeck config init` writes one to start with
                       …/keys.toml        keys, where they are not in config.toml
                       …/themes/NAME.toml your own themes
                       …/profiles/NAME.toml one system each
  $XDG_STATE_HOME/firedeck/firedeck.log   the log; today's, and seven days are kept
  Without these variables, ~/.config and ~/.local/state.

Environment (a flag has the last word, then the variable, then the file):
  FIREDECK_CONFIG, FIREDECK_PROFILE, FIREDECK_THEME, FIREDECK_LOG   as the flags of these names
  KUBECONFIG           kubeconfig files, when no flag, profile or config file names them
  NO_COLOR             any value takes all colours away, unless --theme is given
  COLORTERM, TERM      how many colours the terminal has

Exit status:
  0  well
  1  a problem: the message on stderr says what to do
  2  a mistake on the command line";

const PROFILE: &str = "\
The system to open [env: FIREDECK_PROFILE]

One of [profiles.NAME] in the config file, profiles/NAME.toml beside it, or a built-in one: \
lego-mcp, devops-mcp, dev-utilities, alecs, legal-platform.";

const THEME: &str = "night, day, contrast, deutan, mono, wall, or one of your own [env: FIREDECK_THEME]";

/// A terminal incident cockpit: live panes over your systems.
#[derive(Debug, Parser)]
#[command(name = "firedeck", version, about, after_help = EXAMPLES, after_long_help = MORE, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub flags: Flags,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Args)]
pub struct Flags {
    #[arg(long, short = 'p', value_name = "NAME", global = true, help = "The system to open", long_help = PROFILE)]
    pub profile: Option<String>,

    #[arg(
        long,
        help = "The config file, in place of the usual one [env: FIREDECK_CONFIG]",
        value_name = "FILE",
        global = true
    )]
    pub config: Option<PathBuf>,

    /// A context of the kubeconfig; may be given several times
    #[arg(long, short = 'c', value_name = "C", global = true, value_delimiter = ',')]
    pub context: Vec<String>,

    /// A namespace, or `all`; may be given several times
    #[arg(long, short = 'n', value_name = "N", global = true, value_delimiter = ',')]
    pub namespace: Vec<String>,

    /// Nothing can be changed, whatever the profile says
    #[arg(long, global = true)]
    pub read_only: bool,

    #[arg(long, help = THEME, value_name = "NAME", global = true)]
    pub theme: Option<String>,

    #[arg(long, help = "How much is written to the log file [env: FIREDECK_LOG]", value_name = "L", global = true, value_parser = log_level())]
    pub log_level: Option<LogLevel>,

    /// A kubeconfig, in place of $KUBECONFIG; several are merged in order
    #[arg(long, value_name = "FILE", global = true)]
    pub kubeconfig: Vec<PathBuf>,

    /// A database, `postgres://ann@db:5432/shop`; the password comes from `$PGPASSWORD`
    #[arg(long, value_name = "URL", global = true, help_heading = "Servers, in place of the profile's")]
    pub postgres: Vec<String>,

    /// A Redis, `redis://cache:6379`; the password comes from `$REDISCLI_AUTH`
    #[arg(long, value_name = "URL", global = true, help_heading = "Servers, in place of the profile's")]
    pub redis: Vec<String>,

    /// An Alertmanager, `http://alertmanager:9093`
    #[arg(long, value_name = "URL", global = true, help_heading = "Servers, in place of the profile's")]
    pub alertmanager: Vec<String>,

    /// A Prometheus, `http://prometheus:9090`
    #[arg(long, value_name = "URL", global = true, help_heading = "Servers, in place of the profile's")]
    pub prometheus: Vec<String>,

    /// A Docker engine, `unix:///var/run/docker.sock` or `ssh://ops@box` [env: `DOCKER_HOST`]
    #[arg(long, value_name = "URL", global = true, help_heading = "Servers, in place of the profile's")]
    pub docker: Vec<String>,
}

fn log_level() -> impl TypedValueParser<Value = LogLevel> {
    let level = |text: String| LogLevel::ALL.iter().copied().find(|level| level.name() == text);
    PossibleValuesParser::new(LogLevel::ALL.iter().map(|level| level.name()))
        .try_map(move |text| level(text).ok_or("no level"))
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the cockpit on one thing: `pod/web-0`, `deploy/shop/web`, an alert, a runbook
    #[command(after_help = "\
Examples:
  firedeck open pod/web-0
  firedeck open KubePodCrashLooping       an alert by its name; `r` there lists the runbooks that fit it
  firedeck open runbook/disk              a runbook by words of its title
  firedeck open https://wiki/oncall#disk  or by the address that an alert names
  firedeck open deploy/shop/web           KIND/NAMESPACE/NAME
  firedeck open hpa/web -n shop

Kinds are written as for kubectl: po, deploy, rs, sts, ds, job, cj, hpa, no, ev, cert, ns.")]
    Open {
        /// KIND/NAME, KIND/NAMESPACE/NAME, an alert's name, runbook/WORDS or a runbook's address
        #[arg(value_name = "WHAT", value_parser = View::parse)]
        view: View,
    },

    /// The big screen: read-only, legible from five metres
    #[command(after_help = "Example:\n  firedeck wall --profile lego-mcp --theme wall")]
    Wall,

    /// Read the team's Markdown: list, show, find and mend runbooks
    #[command(subcommand, visible_alias = "rb")]
    Runbooks(RunbooksCommand),

    /// Walk through a runbook to learn it: each command is explained, what changes something is not run
    #[command(after_help = "\
What only reads runs when Enter says so; a change is asked about with all that it would hit, and then not run.

Examples:
  firedeck walk 'Database connections exhausted'
  firedeck walk docs/oncall.md:120
  firedeck walk models:crash-loop")]
    Walk {
        /// Its name, a part of it, or the document and a line of it: PATH:LINE
        #[arg(value_name = "NAME|PATH:LINE", required = true)]
        name: Vec<String>,
        #[command(flatten)]
        within: Within,
        /// A value to fill in; may be given several times
        #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
        set: Vec<(String, String)>,
    },

    /// Read what the journal has of incidents: list, show, write a post-mortem's draft
    #[command(subcommand, visible_alias = "inc")]
    Incidents(IncidentsCommand),

    /// The handover of a shift, and the time line
    #[command(subcommand)]
    Report(ReportCommand),

    /// Look at the settings, check them, or begin some
    #[command(subcommand)]
    Config(ConfigCommand),

    /// List the themes, each in its own colours
    Themes,

    /// List the keys by place, as they are set now
    #[command(after_help = "Examples:\n  firedeck keys\n  firedeck keys --markdown > KEYS.md")]
    Keys {
        /// As tables for a document
        #[arg(long)]
        markdown: bool,
    },

    /// Print completions for a shell
    #[command(after_help = "\
Examples:
  firedeck completions bash > ~/.local/share/bash-completion/completions/firedeck
  firedeck completions zsh > ~/.zfunc/_firedeck
  firedeck completions fish > ~/.config/fish/completions/firedeck.fish")]
    Completions { shell: Shell },

    /// Print the manual page
    #[command(after_help = "Example:\n  firedeck man | man -l -")]
    Man,

    /// Find out what works from here and what does not
    #[command(after_help = "Exit status: 0 when everything that is set up works, else 1.")]
    Doctor {
        /// For programs
        #[arg(long)]
        json: bool,
    },

    /// The whole cockpit over a small world of its own, in which something goes wrong: nothing is installed
    #[command(after_help = "\
Everything is real but the world: small servers on this box's loopback speak the protocols of Kubernetes, PostgreSQL,
Redis, Prometheus, Alertmanager, Docker and HTTP. Commands of runbooks run with built-in tools.

Examples:
  firedeck demo                    a bad release, and half of the nodes gone
  firedeck demo --list
  firedeck demo connections
  firedeck demo cache-full --real-tools
  firedeck demo signer --wall")]
    Demo {
        #[command(flatten)]
        wanted: super::demo::Wanted,
        /// As the big screen shows it, where nothing can be changed
        #[arg(long)]
        wall: bool,
    },

    /// The same as an exercise: with a clock, and a debrief at the end
    #[command(after_help = "\
`i` opens an incident, which counts as taking it up; `q` ends the drill. Results are kept beside the journal.

Examples:
  firedeck drill --list
  firedeck drill connections
  firedeck drill signer --no-hints")]
    Drill {
        #[command(flatten)]
        wanted: super::demo::Wanted,
        /// No hints in the debrief
        #[arg(long)]
        no_hints: bool,
    },

    /// A demo's servers without a cockpit, for the tests of other programs
    #[command(hide = true)]
    World(super::demo::alone::Wanted),

    /// Own one session's shell; the cockpit starts this by itself
    #[command(hide = true)]
    Runner {
        /// The session's directory
        dir: PathBuf,
        /// With a shell: the runner that it belongs to
        #[arg(long, requires = "shell")]
        parent: Option<i32>,
        /// A shell to become, in a session of its own
        #[arg(last = true, requires = "parent")]
        shell: Vec<OsString>,
    },
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Find every mistake: in the config file, and in keys, profiles and themes beside it
    #[command(after_help = "\
Examples:
  firedeck config check
  firedeck config check ~/.config/firedeck/profiles/prod.toml

Exit status: 0 without a mistake, 1 with one.")]
    Check {
        /// One file alone: a config, or by its place a profile, a theme or a keymap
        file: Option<PathBuf>,
    },

    /// Show every value that holds, and where it came from; secrets only as references
    #[command(after_help = "Example:\n  firedeck config show --profile lego-mcp")]
    Show,

    /// Write a config file to start with; what is there is never overwritten
    Init,
}

impl Flags {
    fn endpoints(&self) -> Vec<(Backend, String)> {
        let all = [
            (Backend::Alertmanager, &self.alertmanager),
            (Backend::Prometheus, &self.prometheus),
            (Backend::Postgres, &self.postgres),
            (Backend::Redis, &self.redis),
            (Backend::Docker, &self.docker),
        ];
        all.into_iter()
            .flat_map(|(backend, urls)| urls.iter().map(move |url| (backend, url.clone())))
            .collect()
    }

    /// With the environment, what the settings are merged from.
    pub fn request(&self, env: Env) -> Request {
        Request {
            config: self.config.clone(),
            profile: self.profile.clone(),
            contexts: self.context.clone(),
            namespaces: self.namespace.clone(),
            read_only: self.read_only,
            wall: false,
            theme: self.theme.clone(),
            log_level: self.log_level,
            kubeconfig: self.kubeconfig.clone(),
            endpoints: self.endpoints(),
            env,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_runner_has_a_shell_and_the_parent_of_it_or_neither() {
        let of =
            |arguments: &[&str]| Cli::try_parse_from(["firedeck", "runner", "/s"].iter().chain(arguments));
        let shell = ["--parent", "7", "--", "bash", "-n", "x"];
        let Some(Command::Runner { parent, shell, .. }) = of(&shell).expect("good").command else {
            panic!("another command")
        };
        assert_eq!((parent, shell), (Some(7), ["bash", "-n", "x"].map(OsString::from).to_vec()));
        assert!(of(&[]).is_ok() && of(&["--parent", "7"]).is_err() && of(&["--", "bash"]).is_err());
    }

    #[test]
    fn several_contexts_and_namespaces_are_taken() {
        let cli = Cli::parse_from(["firedeck", "-c", "eu,us", "--namespace", "all", "--read-only", "wall"]);
        let request = cli.flags.request(Env::default());
        assert_eq!(request.contexts, ["eu", "us"]);
        assert_eq!(request.namespaces, ["all"]);
        assert!(request.read_only && matches!(cli.command, Some(Command::Wall)));
    }
}
