//! Tools of developers: git, code hosts, languages and their packages, builders.
use crate::commands::tools::develop;
use crate::commands::tools::rules::{
    C, D, R, Tool,
    mark::{I, L, NONE, OPAQUE, WRITES},
};

#[rustfmt::skip]
pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("git").values(&[
        ("^", "-C -c --git-dir --work-tree --namespace --exec-path --config-env"),
        ("commit|tag|merge|notes", "-m --message -F --file -C -c --author --date"),
        ("clone", "-b --branch -o --origin --depth --reference -c --config"),
        ("log|show|diff|shortlog", "-n --format --pretty --since --until --author --grep -S -G"),
        ("checkout|switch", "-b -B -c -C"),
        ("push|pull|fetch", "-o --push-option --depth --repo"),
        ("config", "--file -f --get --get-all --get-regexp"),
    ]).rules(&[
        ("status|log|diff|show|rev-parse|describe|blame|annotate|ls-files|ls-tree|ls-remote|grep|shortlog|reflog|cat-file|name-rev|rev-list|merge-base|for-each-ref|show-ref|whatchanged|count-objects|fsck|help|version|var|check-ignore|check-attr|cherry|range-diff|diff-tree|verify-commit|verify-tag", R, "only reads", NONE),
        ("stash list|show", R, "only reads", NONE),
        ("worktree|submodule|bisect|notes|lfs|remote|sparse-checkout|maintenance list|status|show|log|ls-files|view|get-url|env", R, "only reads", NONE),
        ("fetch", C, "fetches from another repository", L),
        ("clone", C, "makes a copy of a repository", WRITES | L),
        ("pull", C, "fetches, and changes the files to it", L),
        ("checkout|switch|restore", C, "changes the files to another version", NONE),
        ("add|commit|merge|revert|cherry-pick|rebase|am|apply|mv|init|bisect|notes|submodule|worktree|sparse-checkout|stash|tag|branch|remote|config|lfs|update-index|write-tree|symbolic-ref|gc|maintenance|pack-refs|repack|format-patch|request-pull|mergetool|difftool|rerere|replace|read-tree|commit-tree", C, "changes the repository here", NONE),
        ("rm", C, "removes files from the repository", NONE),
        ("push", C, "changes another repository", L),
        ("reset", C, "changes what the next commit holds", NONE),
        ("clean", D, "deletes files that are not in the repository", NONE),
        ("filter-branch|filter-repo|prune|update-ref", D, "rewrites or deletes history", NONE),
        ("reflog expire|delete", D, "deletes what could still be taken back", NONE),
        ("stash drop|clear", D, "deletes stashed changes", NONE),
        ("worktree|remote|submodule|lfs remove|rm|deinit|prune", D, "deletes it", NONE),
    ]).riders(&[
        ("push", "-f --force --force-with-lease --mirror --delete -d --prune", D, "overwrites or deletes what others have", NONE),
        ("reset", "--hard --merge", D, "throws changes away", NONE),
        ("checkout|switch|restore", "-f --force --discard-changes", D, "throws changes away", NONE),
        ("branch|tag", "-d -D --delete", D, "deletes a branch or tag", NONE),
        ("rebase", "-i --interactive", C, "", I),
        ("add", "-p -i --patch --interactive", C, "", I),
    ]).pretends(&[("push|clean|add|rm|fetch|commit|prune|mv", "-n --dry-run")]).judge(develop::git),
    Tool::new("gh glab hub tea").values(&[("", "-R --repo -b --body -t --title -F --body-file -f --field -X --method -H --header -q --jq --json -L --limit --branch -B --base --head -l --label -w --workflow -o --org -e --env -u --user -a --assignee --ref --input")]).judge(develop::gh),
    Tool::new("python python2 python3 node nodejs ruby perl php lua deno bun Rscript groovy elixir iex erl scala julia osascript pwsh powershell tclsh expect").judge(develop::language),
    Tool::new("java").one_dash().judge(develop::java),
    Tool::new("pip pip3 pipx uv poetry pipenv easy_install").values(&[("", "-r --requirement -c --constraint -i --index-url -t --target --extra-index-url")]).rules(&[
        ("list|show|freeze|check|search|index|debug|inspect|help|tree|env|version|about|graph", R, "only reads", NONE),
        ("install|download|wheel|sync|add|update|upgrade|lock|cache|config|run|inject|build|publish|venv|init|export|self|reinstall|ensurepath|shell|tool", C, "installs or changes packages", L),
        ("uninstall|remove|uninstall-all|clean", D, "removes packages", NONE),
        ("cache purge|remove", C, "empties its own cache", NONE),
        ("pip list|show|freeze|check|tree", R, "only reads", NONE),
        ("pip uninstall", D, "removes packages", NONE),
    ]).judge(develop::pip),
    Tool::new("npm yarn pnpm corepack").values(&[("", "--prefix -C --registry --audit-level -w --workspace --filter --loglevel --omit")]).rules(&[
        ("list|ls|la|ll|view|info|show|outdated|search|ping|prefix|root|bin|why|explain|doctor|help|version|whoami|fund|query|docs|sbom|licenses", R, "only reads", NONE),
        ("audit", R, "looks for weak spots in packages", NONE),
        ("audit fix", C, "changes packages", L),
        ("config|pkg|owner|dist-tag|token get|list|ls", R, "only reads", NONE),
        ("install|i|ci|add|update|upgrade|up|dedupe|rebuild|link|init|config|set|cache|pack|pkg|prepare|enable|install-ci-test|import|dlx|exec|x", C, "installs or changes packages", L),
        ("run|run-script|start|test|t|restart|stop", C, "runs a script of the package", OPAQUE),
        ("publish|dist-tag|owner|access|deprecate|login|logout|token|team|org|hook|profile", C, "changes what is published", NONE),
        ("uninstall|remove|rm|r|un|unlink|prune|unpublish|store|disable", D, "removes packages", NONE),
    ]).judge(develop::npm),
    Tool::new("npx bunx uvx").judge(develop::npx),
    Tool::new("gem bundle bundler cargo rustup go mvn mvnw gradle gradlew sbt lein mix rebar3 composer dotnet nuget swift cabal stack luarocks cpan")
        .rules(&[
            ("list|show|info|search|check|outdated|env|version|help|tree|metadata|doc|vet|fmt|licenses|status|home|why|which|query|specification|depends|audit|deps|dependencies", R, "only reads", NONE),
            ("install|update|add|build|test|run|get|mod|compile|package|exec|bench|fetch|generate|restore|publish|require|create|new|init|upgrade|default|lock|deploy|release|verify|assemble|bootRun|clean|tool|work|clippy|vendor", C, "builds or runs a program", OPAQUE | L),
            ("uninstall|remove|rm|yank|cleanup", D, "removes packages", NONE),
        ]).judge(develop::build),
    Tool::new("make gmake just task rake ant ninja cmake invoke nox tox bazel buck meson scons mage earthly dagger fab cap").judge(develop::make),
    Tool::new("rails artisan manage.py django-admin flask alembic flyway liquibase dbmate migrate goose knex sequelize prisma typeorm").judge(develop::migrate),
    Tool::new("gcc g++ cc clang ld rustc javac tsc webpack vite").otherwise(crate::commands::tools::rules::Otherwise::Change("builds a program")),
];
