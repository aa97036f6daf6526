#include "copying.h"

#include "errors.h"
#include "forge/store/verify.h"
#include "text.h"

namespace forge::cli {
namespace {

// The findings of a full verification.
Result<std::vector<Status>> findings_in(Session& session, const std::string& target) {
  OpenOptions options;
  options.read_only = true;
  options.clock = session.streams.clock;
  FORGE_ASSIGN(const Store store, Store::open(target, options));
  FORGE_ASSIGN(const VerifyReport report, verify(store));
  std::vector<Status> out;
  for (const VerifyCheck& check : report.checks) out.insert(out.end(), check.findings.begin(), check.findings.end());
  return out;
}

Object copy_object(const std::string& target, const Copy& copy, double seconds) {
  return Object{{"path", target},
                {"id", copy.id},
                {"origin", Object{{"store", copy.origin.store}, {"seq", copy.origin.seq}}},
                {"events", copy.root.size},
                {"records", copy.records},
                {"bytes", copy.bytes},
                {"root", Object{{"size", copy.root.size}, {"hash", to_hex(copy.root.hash)}}},
                {"seconds", seconds},
                {"written", true}};
}

}  // namespace

std::vector<Flag> copying_flags() {
  return {{.name = "to",
           .type = FlagType::kText,
           .value = "DIR",
           .summary = "where: a new or an empty directory",
           .offer = Offer::kFile},
          {.name = "verify", .summary = "verify the new store whole"}};
}

Result<std::string> copy_target(const Session& session) {
  const std::string target = session.arguments.text("to");
  if (!target.empty()) return target;
  const std::string name = session.arguments.command().name;
  return Status(ErrorId::kUsage, name + " needs --to DIR").remedy("see: forgectl help " + name);
}

void copy_surroundings(Session& session, Progress& progress, CopyOptions& options) {
  options.clock = session.streams.clock;
  options.ids = session.streams.ids;
  options.progress = [&session, &progress](Seq done, Seq total) {
    progress.show(done, total == 0 ? -1 : static_cast<double>(done) / static_cast<double>(total));
    return !session.interrupted();
  };
}

Result<CopyOptions> copy_options(Session& session, Progress& progress) {
  CopyOptions options;
  FORGE_ASSIGN(options.as_of, parse_point(session.arguments.text("as-of")));
  copy_surroundings(session, progress, options);
  return options;
}

Result<int> report_copy(Session& session, const std::string& verb, const std::string& target, const Copy& copy, std::int64_t begun,
                        const Object& more) {
  std::vector<Status> findings;
  if (session.arguments.is_on("verify")) {
    FORGE_ASSIGN(findings, findings_in(session, target));
  }
  const std::int64_t micros = session.streams.clock->now().micros - begun;
  std::string text = verb + " " + target + " — " + counted(copy.root.size, "event") + ", " + counted(copy.records, "record") +
                     ", " + bytes_text(copy.bytes) + " in " + elapsed_text(micros);
  if (session.arguments.is_on("verify") && findings.empty()) text += " · verified";
  FORGE_TRY(session.out.text(text + "\nroot " + std::to_string(copy.root.size) + ":" + to_hex(copy.root.hash) + "\n"));
  Object object = copy_object(target, copy, static_cast<double>(micros) / 1e6);
  for (const auto& [name, value] : more.members()) object.add(name, value);
  if (!findings.empty()) return session.refuse(findings, object);
  FORGE_TRY(session.out.object(object, "path"));
  return 0;
}

}  // namespace forge::cli
