//! The rules: their names, how grave each is, and one line of help.
use std::fmt;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Could be better.
    Note,
    /// Will mislead somebody some day.
    Warning,
    /// Does not do what it says.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

macro_rules! rules {
    ($($name:ident $severity:ident $id:literal $help:literal)*) => {
        /// A rule; its name never changes.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($name),* }

        impl Rule {
            pub const ALL: &[Rule] = &[$(Rule::$name),*];

            /// Such as `namespace-missing`.
            pub fn id(self) -> &'static str {
                match self { $(Rule::$name => $id),* }
            }

            /// One line: what is wrong with it.
            pub fn help(self) -> &'static str {
                match self { $(Rule::$name => $help),* }
            }

            /// A single finding may be milder.
            pub fn severity(self) -> Severity {
                match self { $(Rule::$name => Severity::$severity),* }
            }
        }
    };
}

rules! {
    LooseMatch Error "loose-health-match" "A search for a good word also finds it inside its opposite, such as healthy in unhealthy."
    NoDataPasses Error "no-data-passes" "A value that is missing is compared as if it were zero, so no data looks like all well."
    EmptyNumber Warning "empty-number-test" "A value that may be empty is compared as a number."
    ExpectedForm Note "expected-not-as-printed" "The expected output has another form than what the command prints."
    EmptyDestroys Error "empty-variable-destroys" "When a variable is empty, the command destroys more than it should."
    EmptySecret Warning "empty-secret" "A secret is set from a variable that may be empty."
    CrossesFences Note "variable-crosses-fences" "A variable is set in one fence and used in another; a fresh shell does not have it."
    ArgumentUnchecked Warning "argument-unchecked" "An argument of the script is used without a check that it was given."
    ExpandsHere Warning "expands-on-this-side" "A variable that the other side has is expanded by the operator's own shell."
    DateTwice Warning "date-taken-twice" "The time is taken twice for one name, and may differ."
    RestoreOverwrites Error "restore-overwrites-backup" "A restore runs the command that writes a backup."
    OverwritesInput Error "reads-what-it-overwrites" "A file is emptied by its own redirection before it is read."
    BackupNotAwaited Warning "backup-not-awaited" "A file is copied while its background save may still be running."
    GetAll Note "get-all-is-not-all" "`kubectl get all` leaves out config maps, secrets, ingresses and custom resources."
    TitleDisagrees Warning "title-disagrees" "The title or the comment says something else than the command does."
    LatestDeployed Warning "latest-deployed" "An image tagged latest is deployed: nobody knows which one it was."
    CurlGlobs Error "curl-globbing" "curl takes braces and brackets in a URL as its own pattern."
    UrlCut Error "url-cut-by-ampersand" "A bare `&` ends the command in the middle of its URL."
    UrlUnquoted Note "url-unquoted" "A bare `?` or `*` in a URL is a file pattern to the shell."
    NamespaceMissing Warning "namespace-missing" "A command names no namespace and runs in whichever is current."
    NoTarget Error "target-missing" "The command fails, as it names nothing to act on."
    WholeNamespace Warning "whole-namespace" "Without a name, every such object of the namespace is hit."
    UnknownVerb Error "unknown-subcommand" "The tool has no such subcommand or resource."
    LogsCut Warning "logs-cut-at-ten" "With a selector and no `--tail`, only the last ten lines of each pod are read."
    TerminalForNothing Note "terminal-for-nothing" "A terminal is asked for by a command that needs none, and fails where there is none."
    Deprecated Warning "deprecated" "The tool or interface was replaced or removed."
    RenamedColumn Error "renamed-column" "The query names a column or function that current servers do not have."
    WithoutWhere Warning "sql-without-where" "The statement changes every row of its table."
    NullOnPrimary Note "null-on-primary" "The value is NULL on a server that is not a standby."
    OtherPlatform Warning "other-platform" "The command is for another platform than the document says is in use."
    ContextSwitch Warning "context-switch" "The command redirects every later one to another place."
    ComposeFiles Note "compose-files-differ" "Two names are used for what seems to be one compose file."
    BareSsh Warning "bare-ssh" "What follows in the fence is meant for the other machine, but a script runs it here."
    AlertWithoutRunbook Warning "alert-without-runbook" "The alert rule has no runbook_url."
    AlertSeverity Warning "alert-severity" "The alert's severity label differs from what the document's own table says."
    SetterContradicts Warning "setter-contradicts" "The command sets another value than the document plans or allows."
    ScaledUnderHpa Warning "scaled-under-hpa" "An autoscaler of the document owns the number of replicas and will undo it."
    EvidenceDestroyed Warning "evidence-destroyed" "Evidence is collected after the step that destroys it."
    EndlessInSequence Warning "endless-in-sequence" "The command never ends, so what stands below it is never reached."
    LeftRunning Warning "left-running" "What was started in the background is never stopped."
    AsksInScript Note "asks-in-script" "The script waits for somebody to type, and hangs where nobody can."
    ActionInComment Note "action-in-comment" "Something to be done stands only in a comment among commands."
    SecretOnLine Warning "secret-on-command-line" "A secret in a command is seen by everybody who lists processes or reads the history."
    SecretPrinted Note "secret-printed" "The command prints secrets to the screen."
    SecretsInPlainFile Warning "secrets-in-plain-file" "Secrets are written to a file without encryption."
    Base64OfYaml Error "base64-of-yaml" "Whole YAML or JSON is decoded as base64, which fails."
    PlaceholderRedirects Note "placeholder-redirects" "A bare `<name>` that is not filled in is a redirection to the shell."
    FileForm Warning "file-form" "The file is not plain UTF-8 text, or its form is broken; it was read all the same."
    UnclosedFence Warning "unclosed-fence" "A fence is never closed, and swallows what follows."
    FenceLanguage Note "fence-language" "A fence with commands does not say its language."
    FenceWrongLanguage Warning "fence-wrong-language" "A fence's language is not that of its text."
    DuplicateTitle Note "duplicate-title" "Two runbooks bear one title."
    NotFilledIn Warning "not-filled-in" "A contact or a date that the author had to fill in is not."
    NumberingBroken Note "numbering-broken" "Every step is shown as number one."
    DeadLink Error "dead-link" "A link leads nowhere."
    MissingFile Warning "missing-file" "A command calls a file that is not there."
    DangerUnwarned Note "danger-unwarned" "Something is destroyed without a word of warning or a condition."
    DangerUnchecked Note "danger-unchecked" "After something dangerous nothing is checked."
    NoWayBack Note "no-way-back" "The document changes a system and says nowhere how to undo it."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_one_line_of_help() {
        let mut ids: Vec<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            let kebab = rule.id().chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            assert!(kebab && rule.help().ends_with('.') && !rule.help().contains('\n'), "{rule:?}");
        }
    }
}
