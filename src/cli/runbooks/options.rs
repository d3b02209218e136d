//! The flags of `firedeck runbooks`, with their help.
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};

use crate::domain::approval::Tier;
use crate::runbook::Kind;
use crate::runbook::lint::{Rule, Severity};

const WHERE: &str = "\
Where runbooks are: the paths that are given; else `runbooks` of the profile or the config file; else ./runbooks, \
./docs/runbooks, or this directory where Markdown lies in it. In directories, what git ignores and what is hidden \
is left out. `models:` stands for the runbooks that come with firedeck, `models:NAME` for one of them.";

#[derive(Debug, Subcommand)]
pub enum RunbooksCommand {
    /// List every runbook with its steps and its highest risk
    #[command(after_help = "\
Examples:
  firedeck runbooks list
  firedeck runbooks list docs/ README.md --risk danger
  firedeck runbooks list --json docs/ | jq '.documents[].runbooks[].title'
  firedeck runbooks list models:                         models for your own, which come with firedeck

Exit status: 0 well, 1 a file could not be read.", after_long_help = WHERE)]
    List {
        /// Markdown files, and directories of them
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Only those in whose title, section or document all these words stand
        #[arg(long, short = 'f', value_name = "WORDS")]
        filter: Option<String>,
        /// Only of this kind; several with commas
        #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind())]
        kind: Vec<Kind>,
        /// Only those whose highest risk is this one
        #[arg(long, value_name = "RISK", value_delimiter = ',', value_parser = risk())]
        risk: Vec<Tier>,
        /// Everything that was read, for programs
        #[arg(long)]
        json: bool,
    },

    /// Show one runbook as a checklist, each command with its risk
    #[command(after_help = "\
Examples:
  firedeck runbooks show 'Database connections exhausted'
  firedeck runbooks show docs/oncall.md:120
  firedeck runbooks show database connections
  firedeck runbooks show models:crash-loop

Exit status: 0 well, 1 when there is none, or more than one.", after_long_help = WHERE)]
    Show {
        /// Its name, a part of it, or the document and a line of it: PATH:LINE
        #[arg(value_name = "NAME|PATH:LINE", required = true)]
        name: Vec<String>,
        #[command(flatten)]
        within: Within,
        /// For programs
        #[arg(long)]
        json: bool,
    },

    /// Work through one runbook in this terminal, with the questions of the cockpit
    #[command(after_help = "\
What only reads runs at once; a change asks for `y`, a danger for the target's name and a reason. Values are asked for
once, and quoted for where they stand. Everything is recorded, and Ctrl-C stops what runs.

Examples:
  firedeck runbooks run 'Daily health check'
  firedeck runbooks run docs/oncall.md:120 --step 2
  firedeck runbooks run restart worker --set namespace=shop

Exit status: 0 all went well, 1 something did not, 3 it was left, or had to ask and nobody was there.", after_long_help = WHERE)]
    Run {
        /// Its name, a part of it, or the document and a line of it: PATH:LINE
        #[arg(value_name = "NAME|PATH:LINE", required = true)]
        name: Vec<String>,
        #[command(flatten)]
        within: Within,
        /// This step alone, by its number
        #[arg(long, value_name = "N")]
        step: Option<String>,
        /// A value to fill in; may be given several times
        #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
        set: Vec<(String, String)>,
    },

    /// Say what an author should mend
    #[command(after_help = "\
Examples:
  firedeck runbooks lint docs/
  firedeck runbooks lint --deny error docs/              fails for errors alone
  firedeck runbooks lint --format sarif > runbooks.sarif
  firedeck runbooks lint --explain curl-globbing

Exit status: 0 nothing at or above --deny, 1 something, 2 a file that could not be read, or a mistake on the
command line.")]
    Lint(LintFlags),

    /// List alerts without a runbook, and links that lead nowhere
    #[command(after_help = "\
Examples:
  firedeck runbooks coverage --rules rules/ docs/
  firedeck runbooks coverage --prometheus http://prometheus:9090
  firedeck runbooks coverage --profile prod              asks the profile's own Prometheus

Exit status: 0 every alert has a runbook, 1 one has none or a link leads nowhere, 2 not everything could be read.")]
    Coverage {
        /// Markdown files, and directories of them
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Files of alert rules, and directories of them; may be given several times
        #[arg(long, value_name = "FILE")]
        rules: Vec<PathBuf>,
        /// For programs
        #[arg(long)]
        json: bool,
    },

    /// Find the runbooks for some words, or for an alert
    #[command(after_help = "\
Examples:
  firedeck runbooks search disk full
  firedeck runbooks search --alert KubePodCrashLooping --label namespace=shop

Exit status: 0 something was found, 1 nothing.", after_long_help = WHERE)]
    Search {
        /// Words that stand in it
        #[arg(value_name = "WORDS", required_unless_present = "alert")]
        words: Vec<String>,
        /// Rank for an alert of this name
        #[arg(long, value_name = "NAME")]
        alert: Option<String>,
        /// A label of the alert; may be given several times
        #[arg(long, value_name = "NAME=VALUE", requires = "alert", value_parser = pair)]
        label: Vec<(String, String)>,
        /// An annotation of the alert, such as the link to its runbook; may be given several times
        #[arg(long, value_name = "NAME=VALUE", requires = "alert", value_parser = pair)]
        annotation: Vec<(String, String)>,
        /// How many are shown
        #[arg(long, value_name = "N", default_value_t = 10)]
        most: usize,
        #[command(flatten)]
        within: Within,
        /// For programs
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct LintFlags {
    /// Markdown files, and directories of them
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub format: Format,
    /// The same as --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// The least severity that fails
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    pub deny: Deny,
    /// Go on, and say it anew whenever a document changes
    #[arg(long, conflicts_with_all = ["format", "json"])]
    pub watch: bool,
    /// Only findings of these rules; several with commas
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule(), hide_possible_values = true)]
    pub rule: Vec<Rule>,
    /// Tell what rules look for, and nothing else; without a name, all of them
    #[arg(long, value_name = "RULE", num_args = 0.., value_parser = rule(), hide_possible_values = true, exclusive = true)]
    pub explain: Option<Vec<Rule>>,
}

#[derive(Debug, Args)]
pub struct Within {
    /// Markdown files, and directories of them; may be given several times
    #[arg(long = "in", value_name = "PATH")]
    pub paths: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
    Sarif,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Deny {
    Note,
    Warning,
    Error,
}

fn kind() -> impl TypedValueParser<Value = Kind> {
    let named = |text: String| Kind::ALL.into_iter().find(|kind| kind.name() == text);
    PossibleValuesParser::new(Kind::ALL.map(Kind::name)).try_map(move |text| named(text).ok_or("no kind"))
}

fn risk() -> impl TypedValueParser<Value = Tier> {
    PossibleValuesParser::new(["read", "change", "danger"]).map(|text| match text.as_str() {
        "read" => Tier::Read,
        "change" => Tier::Change,
        _ => Tier::Danger,
    })
}

fn rule() -> impl TypedValueParser<Value = Rule> {
    let named = |text: String| Rule::ALL.iter().copied().find(|rule| rule.id() == text);
    PossibleValuesParser::new(Rule::ALL.iter().map(|rule| rule.id()))
        .try_map(move |text| named(text).ok_or("no rule"))
}

impl From<Deny> for Severity {
    fn from(deny: Deny) -> Severity {
        match deny {
            Deny::Note => Severity::Note,
            Deny::Warning => Severity::Warning,
            Deny::Error => Severity::Error,
        }
    }
}

pub(in crate::cli) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().trim_matches('"').to_owned()))
        }
        _ => Err("write `name=value`, for example `namespace=shop`".into()),
    }
}
