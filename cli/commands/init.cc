#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "commands.h"
#include "errors.h"
#include "forge/events/system_reason.h"
#include "forge/store/enclosure.h"
#include "records.h"
#include "session.h"
#include "template.h"
#include "text.h"

namespace forge::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kConfiguration =
    R"(# Settings for commands on the store beside this file, as: actor = "web". The defaults need none; see forgectl help config.
)";

struct Place {
  fs::path directory;
  std::string shown;  // as messages name it: "shop/"
  std::string name;   // of the schema and, where it is empty, its namespace
  const Template* begin = nullptr;
  fs::path schema;
  bool schema_exists = false;
  fs::path other_schema;  // the only one there, under another name than the one that is looked for
  bool is_begun = false;  // an init that was interrupted has left a part of it
};

// A name that can be a namespace: "my-shop" becomes "my_shop".
std::string namespace_name(const std::string& directory) {
  std::string name = directory;
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0 || c > 127; }, '_');
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0 || name.find_first_not_of('_') == std::string::npos) {
    name = "domain" + (name.empty() ? "" : "_" + name);
  }
  return name;
}

// The one schema file of the directory, whatever its name.
std::optional<fs::path> only_schema(const fs::path& directory) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".fbs") found.push_back(at->path().lexically_normal());
  }
  return found.size() == 1 ? std::optional(found.front()) : std::nullopt;
}

Result<Place> read_place(const Arguments& arguments) {
  Place place;
  place.directory = arguments.word(0).value_or(".");
  if (place.directory.empty()) {
    return Status(ErrorId::kUsage, "the directory's name is empty").state("nothing was written").remedy("name a directory");
  }
  std::error_code error;
  const fs::path absolute = fs::absolute(place.directory, error).lexically_normal();
  const fs::path last = absolute.has_filename() ? absolute.filename() : absolute.parent_path().filename();
  place.begin = find_template(arguments.text("template"));
  FORGE_ASSERT(place.begin != nullptr);
  place.name = place.begin->first.empty() ? namespace_name(last.string()) : std::string(place.begin->name);
  place.shown = arguments.word(0).has_value() ? (place.directory / "").string() : last.string() + "/";
  place.schema = (place.directory / (place.name + ".fbs")).lexically_normal();
  place.schema_exists = fs::exists(place.schema, error);
  if (!place.schema_exists) place.other_schema = only_schema(place.directory).value_or("");
  if (fs::exists(place.directory, error) && !fs::is_directory(place.directory, error)) {
    return Status(ErrorId::kTargetNotEmpty, "'" + place.directory.string() + "' is a file").state("nothing was changed");
  }
  return place;
}

// The directory holds a store, or what is left of one, or is one itself.
bool has_store(const fs::path& directory) {
  std::error_code error;
  for (const char* name : {".forge", "FORGE", "WATERMARK"}) {
    if (fs::exists(directory / name, error)) return true;
  }
  return false;
}

// The settings are written last: a store without an event and without them is one that init was making.
bool is_unfinished(const Place& place, const Result<Store>& store) {
  std::error_code error;
  if (!store.ok()) return store.status().id() == ErrorId::kStoreNotFound;
  return store->head() == 0 && fs::exists(place.directory / ".forge" / "FORGE", error) &&
         !fs::exists(place.directory / "forge.toml", error);
}

// Refuses where a store is already; what is left of an interrupted init is to be finished.
Status check_free(Place& place, Session& session) {
  if (!has_store(place.directory)) return {};
  OpenOptions options;
  options.read_only = true;
  options.create = false;
  options.clock = session.streams.clock;
  const Result<Store> store = Store::open(place.directory.string(), options);
  place.is_begun = is_unfinished(place, store);
  if (place.is_begun) return {};
  const std::string head = store.ok() ? std::to_string(store->head()) : "";
  Status taken(ErrorId::kTargetNotEmpty,
               place.shown + " already holds a store" +
                   (store.ok() ? " (" + counted(store->head(), "event") + ", head " + head + ")" : ", which cannot be opened"));
  if (!store.ok()) {
    const ErrorText& why = store.status().text();
    return std::move(taken)
        .why(why.what + (why.why.empty() ? "" : ": " + why.why))
        .state("nothing was changed")
        .remedy("see: forgectl doctor --store " + place.directory.string() + "      start over: move the directory away first");
  }
  return std::move(taken)
      .state("nothing was changed")
      .remedy("use it: cd " + place.directory.string() + "      start over: move the directory away first");
}

std::string schema_text(const Place& place) {
  return place.begin->first.empty() ? empty_schema(place.name) : std::string(place.begin->schema);
}

// What to do first: the example's own commands, else a look at the schema, or an edit of it where it declares nothing.
std::string next_text(const Place& place, bool has_resources) {
  const std::string schema = place.schema.filename().string();
  const std::string enter = place.directory == "." ? "" : "cd " + printable(place.directory.string());
  const std::string before = enter.empty() ? "" : enter + " && ";
  if (!has_resources) {
    return "Next:  edit " + printable(place.schema.string()) + ", then " + before + "forgectl schema add " + schema + "\n" +
           "       or begin with an example elsewhere: forgectl init DIR --template " + std::string(templates()[0].name) + "\n";
  }
  std::vector<std::string> lines;
  if (place.schema_exists || place.begin->first.empty()) {
    lines.push_back(before + "forgectl schema show");
  } else {
    if (!enter.empty()) lines.push_back(enter);
    lines.insert(lines.end(), place.begin->first.begin(), place.begin->first.end());
    lines.emplace_back("forgectl schema show");
  }
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "Next:  " : "       ") + line + "\n";
  return text;
}

// What init has made so far; taken away again where it fails.
class Made {
 public:
  Made() = default;
  Made(const Made&) = delete;
  Made& operator=(const Made&) = delete;
  ~Made() {
    std::error_code ignored;
    for (auto path = paths_.rbegin(); path != paths_.rend(); ++path) fs::remove_all(*path, ignored);
  }

  // The directory and those above it that are missing.
  Status directory(const fs::path& path) {
    std::error_code error;
    const fs::path above = fs::absolute(path, error).lexically_normal().parent_path();
    if (fs::exists(path, error)) return {};
    if (above != path && !fs::exists(above, error)) FORGE_TRY(directory(above));
    return new_directory(path);
  }
  // One that must not be there yet: of two that run at once, one makes it.
  Status new_directory(const fs::path& path) {
    if (::mkdir(path.c_str(), 0777) != 0) return failed("cannot make '" + path.string() + "'");
    paths_.push_back(path);
    return {};
  }
  // Whole or not at all, whenever the process ends.
  Status file(const fs::path& path, const std::string& text) {
    std::error_code error;
    if (fs::exists(path, error)) return {};
    errno = 0;
    const fs::path draft = path.string() + ".new";
    std::ofstream file(draft, std::ios::binary);
    if (file.is_open()) paths_.push_back(draft);
    file << text;
    file.close();
    if (!file.good() || std::rename(draft.c_str(), path.c_str()) != 0) return failed("cannot write '" + path.string() + "'");
    paths_.back() = path;
    return {};
  }
  void keep() { paths_.clear(); }

 private:
  static Status failed(std::string what) {
    const bool is_full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    Status status(is_full ? ErrorId::kDiskFull : ErrorId::kDirectoryUnusable, std::move(what));
    status = std::move(status).why(system_reason(errno)).state("nothing was left behind");
    return is_full ? std::move(status).remedy("free some space and run it again") : status;
  }

  std::vector<fs::path> paths_;
};

// The schema as it stands on disk, or the template.
Result<std::shared_ptr<const Domain>> read_schema(const Place& place, Session& session, int& refused) {
  std::vector<SourceFile> sources{{place.schema.filename().string(), schema_text(place)}};
  if (place.schema_exists) {
    FORGE_ASSIGN(sources, Domain::load_sources(place.schema.string()));
  }
  const Domain::Outcome outcome = Domain::parse(std::move(sources));
  if (outcome.domain == nullptr) refused = session.refuse(nothing_written(outcome.errors));
  return outcome.domain;
}

// The store's lock is held while the files beside it are written: of two that finish the same store, one does.
Status fill(const Place& place, Session& session, Made& made, bool with_schema) {
  OpenOptions options;
  options.clock = session.streams.clock;
  options.ids = session.streams.ids;
  FORGE_ASSIGN(Store store, Store::open((place.directory / ".forge").string(), options));
  if (store.head() > 0) return Status(ErrorId::kTargetNotEmpty, place.shown + " holds a store that was made meanwhile");
  FORGE_TRY(made.file(place.schema, schema_text(place)));
  if (with_schema) FORGE_TRY(store.load_domain(place.schema.string(), session.act_options()).status());
  FORGE_TRY(made.file(place.directory / "forge.toml", kConfiguration));
  return store.close();
}

Status make(const Place& place, Session& session, bool with_schema) {
  FORGE_TRY(check_outside((place.directory / ".forge").string()));
  Made made;
  FORGE_TRY(made.directory(place.directory));
  const bool is_new = !place.is_begun;
  if (is_new) FORGE_TRY(made.new_directory(place.directory / ".forge"));
  if (Status filled = fill(place, session, made, with_schema); !filled.ok()) {
    return std::move(filled).state(is_new ? "nothing was left behind" : "the store is unfinished as before");
  }
  made.keep();
  return {};
}

Result<int> run_init(Session& session) {
  FORGE_ASSIGN(Place place, read_place(session.arguments));
  FORGE_TRY(check_free(place, session));
  int refused = 0;
  FORGE_ASSIGN(const std::shared_ptr<const Domain> domain, read_schema(place, session, refused));
  if (domain == nullptr) return refused;
  const std::size_t resources = user_resources(*domain).size(), actions = user_actions(*domain).size();
  if (!session.dry_run()) FORGE_TRY(make(place, session, resources > 0));

  const std::string schema = place.schema.filename().string();
  if (!place.other_schema.empty()) {
    const std::string other = place.other_schema.string();
    session.notice("notice: " + other + " is left alone, for its name; to put it in force: forgectl schema add " + other);
  }
  if (place.is_begun) session.notice("notice: finishing what an interrupted init began");
  std::string text = session.dry_run() ? "Would create " : "Created ";
  text += printable(place.shown) + " — " + schema + " (" + counted(resources, "resource") + ", " + counted(actions, "action") +
          ")" + (place.schema_exists ? " as it was" : "") + ", forge.toml, .forge/ (empty store)\n";
  text += next_text(place, resources > 0);
  FORGE_TRY(session.out.text(text));
  FORGE_TRY(session.out.object(Object{{"directory", place.directory.string()},
                                      {"schema", schema},
                                      {"resource_count", resources},
                                      {"action_count", actions},
                                      {"created", !session.dry_run()}},
                               "directory"));
  return 0;
}

}  // namespace

const Command& init_command() {
  static const Command kCommand{
      .name = "init",
      .summary = "make a store, with a schema to edit",
      .arguments = {{.name = "DIR", .summary = "where; here where it is not given", .required = false, .offer = Offer::kFile}},
      .flags = {{.name = "template",
                 .type = FlagType::kChoice,
                 .value = "NAME",
                 .summary = "what to begin with",
                 .default_value = "empty",
                 .choices = template_names()}},
      .examples = {{"forgectl init shop --template shop", "an example that runs, and what to do with it first"},
                   {"forgectl init notes && cd notes", "a schema of your own to write"}},
      .notes = "A schema file or forge.toml that is there already is kept, and the schema put in force.",
      .writes = true,
      .run = run_init,
  };
  return kCommand;
}

}  // namespace forge::cli
