#include "forge/store/verify.h"

#include "commands.h"
#include "errors.h"
#include "session.h"
#include "text.h"

namespace forge::cli {
namespace {

std::string root_text(const Root& root) {
  return std::to_string(root.size) + ":" + to_hex(root.hash);
}

// "9:4c1f…", as verify prints it.
Result<Root> read_root(const std::string& text) {
  const Status wrong = Status(ErrorId::kUsage, "'" + text + "' is no root").remedy("write it as SIZE:HASH, as verify prints it");
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) return wrong;
  const Result<std::uint64_t> size = parse_count(text.substr(0, colon));
  const std::string hex = text.substr(colon + 1);
  Root root;
  if (!size.ok() || hex.size() != 2 * root.hash.size() || hex.find_first_not_of("0123456789abcdef") != std::string::npos)
    return wrong;
  root.size = *size;
  for (std::size_t i = 0; i < root.hash.size(); ++i) {
    root.hash[i] = static_cast<std::uint8_t>(std::stoi(hex.substr(2 * i, 2), nullptr, 16));
  }
  return root;
}

std::string noun_of(const std::string& check) {
  if (check == "files") return "file";
  if (check == "projections") return "projection";
  return check == "state" ? "record" : "event";
}

Object report_object(const VerifyReport& report) {
  List checks;
  for (const VerifyCheck& check : report.checks) {
    checks.emplace_back(Object{{"name", check.name}, {"count", check.count}, {"ok", check.findings.empty()}});
  }
  return Object{{"ok", report.ok()},
                {"root", Object{{"size", report.root.size}, {"hash", to_hex(report.root.hash)}}},
                {"checks", std::move(checks)}};
}

Status print_checks(Session& session, const VerifyReport& report) {
  session.out.begin_list({});
  for (const VerifyCheck& check : report.checks) {
    const std::string root = check.name == "tree" && check.findings.empty() ? "root " + root_text(report.root) : "";
    const std::string verdict = check.findings.empty() ? "ok" : counted(check.findings.size(), "finding");
    FORGE_TRY(session.out.row({check.name, counted(check.count, noun_of(check.name)), verdict, root}));
  }
  return session.out.end_list();
}

Result<int> run_verify(Session& session) {
  VerifyOptions options;
  if (const auto from = session.arguments.if_count("from")) options.from = *from;
  if (const auto head = session.arguments.if_text("head")) {
    FORGE_ASSIGN(options.expected, read_root(*head));
  }
  FORGE_ASSIGN(const Store store, session.open_for_reading());
  Progress progress(session.streams, session.progress_form(), "events");
  options.progress = [&](Seq done, Seq total) {
    progress.show(done, total == 0 ? -1 : static_cast<double>(done) / static_cast<double>(total));
  };
  FORGE_ASSIGN(const VerifyReport report, verify(store, options));
  progress.clear();

  std::vector<Status> findings;
  for (const VerifyCheck& check : report.checks) findings.insert(findings.end(), check.findings.begin(), check.findings.end());
  if (session.out.is_table()) FORGE_TRY(print_checks(session, report));
  if (findings.empty()) {
    FORGE_TRY(session.out.object(report_object(report), "ok"));
    return 0;
  }
  if (session.out.format() == Format::kJson) return session.refuse(findings, report_object(report));
  for (const Status& finding : findings) session.print(finding);
  return exit_status_of(findings.front());
}

}  // namespace

const Command& verify_command() {
  static const Command kCommand{
      .name = "verify",
      .summary = "check the files, the tree over the log, and the state against the log",
      .flags = {{.name = "from",
                 .type = FlagType::kCount,
                 .value = "SEQ",
                 .summary = "hash events from the one given on, whole tiles of 256 at a time",
                 .default_value = "1"},
                {.name = "head",
                 .type = FlagType::kText,
                 .value = "SIZE:HASH",
                 .summary = "a root you kept: the tree must still have it"}},
      .examples = {{"forgectl verify", ""}, {"forgectl verify --head 9:4c1f…", "against a root kept elsewhere"}},
      .notes = "Reads only, beside a running writer too. Exit status 6 where something is damaged; see: forgectl help integrity.",
      .run = run_verify,
  };
  return kCommand;
}

}  // namespace forge::cli
