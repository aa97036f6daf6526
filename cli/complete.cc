#include "complete.h"

#include <algorithm>
#include <chrono>

#include "help.h"
#include "records.h"
#include "settings.h"
#include "text.h"

namespace forge::cli {
namespace {

// The words of a shell's line, quotes and backslashes taken away. The last one is what is being typed, and may be empty.
std::vector<std::string> split_line(std::string_view line) {
  std::vector<std::string> words{""};
  char quote = 0;
  bool inside = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      if (inside) words.emplace_back();
      inside = false;
      continue;
    }
    inside = true;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
      words.back() += line[++i];
    } else {
      words.back() += c;
    }
  }
  return words;
}

const Flag* flag_named(const Command* command, std::string_view word) {
  const auto matches = [&](const Flag& flag) {
    return word == "--" + flag.name || (flag.letter != 0 && word == std::string("-") + flag.letter);
  };
  for (const Flag& flag : global_flags()) {
    if (matches(flag)) return &flag;
  }
  if (command == nullptr) return nullptr;
  const auto found = std::find_if(command->flags.begin(), command->flags.end(), matches);
  return found == command->flags.end() ? nullptr : &*found;
}

// What stands before the word under the cursor.
struct Line {
  const Command* command = nullptr;  // the deepest one named
  std::vector<std::string> words;    // after it, without flags
  const Flag* flag = nullptr;        // whose value is being typed
  std::string store;
  std::string profile;
  bool after_mark = false;
};

void take_word(Line& line, const std::string& word) {
  const std::string full = line.command == nullptr ? word : line.command->name + " " + word;
  const bool may_be_command = line.words.empty() && (line.command == nullptr || line.command->run == nullptr);
  const Command* command = may_be_command ? find_command(full) : nullptr;
  if (command != nullptr) {
    line.command = command;
  } else {
    line.words.push_back(word);
  }
}

Line read_line(const std::vector<std::string>& words) {
  Line line;
  for (std::size_t i = 1; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (line.flag != nullptr) {
      if (line.flag->name == "store") line.store = word;
      if (line.flag->name == "profile") line.profile = word;
      line.flag = nullptr;
    } else if (word == "--") {
      line.after_mark = true;
    } else if (!line.after_mark && word.size() > 1 && word[0] == '-') {
      const Flag* flag = flag_named(line.command, word);
      if (flag != nullptr && flag->type != FlagType::kSwitch) line.flag = flag;
      if (word.starts_with("--store=")) line.store = word.substr(8);
      if (word.starts_with("--profile=")) line.profile = word.substr(10);
    } else {
      take_word(line, word);
    }
  }
  return line;
}

class Completer {
 public:
  Completer(Session& session, const Line& line, std::string typed) : session_(session), line_(line), typed_(std::move(typed)) {}

  std::vector<Candidate> run() {
    const std::size_t equals = typed_.find('=');
    if (line_.flag != nullptr) {
      offer_value(*line_.flag);
    } else if (typed_.starts_with("--") && equals != std::string::npos) {
      before_ = typed_.substr(0, equals + 1);
      typed_ = typed_.substr(equals + 1);
      if (const Flag* flag = flag_named(line_.command, before_.substr(0, equals))) offer_value(*flag);
    } else if (typed_.starts_with("-") && !line_.after_mark) {
      offer_flags();
    } else {
      offer_word();
    }
    return std::move(found_);
  }

 private:
  void add(const std::string& word, const std::string& says = {}) {
    if (word.starts_with(typed_)) found_.push_back({before_ + word, says});
  }

  void offer_flags() {
    if (line_.command != nullptr) {
      for (const Flag& flag : line_.command->flags) add("--" + flag.name, flag.summary);
    }
    for (const Flag& flag : global_flags()) add("--" + flag.name, flag.summary);
  }

  void offer_value(const Flag& flag) {
    for (const std::string& choice : flag.choices) add(choice);
    offer(flag.offer);
  }

  void offer_word() {
    if (line_.command == nullptr || line_.command->run == nullptr) {
      for (const Command* command : commands_under(line_.command == nullptr ? "" : line_.command->name)) {
        add(std::string(last_word(command->name)), command->summary);
      }
      return;
    }
    const std::vector<Argument>& arguments = line_.command->arguments;
    if (arguments.empty()) return;
    const std::size_t index = std::min(line_.words.size(), arguments.size() - 1);
    if (line_.words.size() > index && !arguments[index].repeated) return;
    for (const std::string& choice : arguments[index].choices) add(choice);
    offer(arguments[index].offer);
  }

  void offer(Offer what) {
    switch (what) {
      case Offer::kNothing:
      case Offer::kChoices:
      case Offer::kFile:
        return;
      case Offer::kCommand:
        return offer_help();
      case Offer::kResource:
        return offer_resources();
      case Offer::kAction:
        return offer_actions(false);
      case Offer::kQuery:
        return offer_actions(true);
      case Offer::kAssignment:
        return offer_assignments(line_.words);
      case Offer::kPoint:
        add("now", "the head of the log");
        return offer_bookmarks("bookmark:");
      case Offer::kField:
        return offer_fields();
      case Offer::kBookmark:
        return offer_bookmarks("");
      case Offer::kSubscription:
        return offer_subscriptions();
      case Offer::kProjection:
        return offer_projections();
      case Offer::kSubject:
        return offer_subjects();
      case Offer::kKey:
        return offer_keys(line_.words.empty() ? "" : line_.words[0]);
      case Offer::kFilter:
        return offer_filter();
      case Offer::kProfile:
        return offer_profiles();
      case Offer::kSettingValue:
        return offer_setting_value();
    }
  }

  void offer_help() {
    const std::string parent = line_.words.empty() ? "" : line_.words[0];
    for (const Command* command : commands_under(parent)) add(std::string(last_word(command->name)), command->summary);
    if (!parent.empty()) return;
    for (const Topic& topic : topics()) add(topic.name, topic.summary);
  }

  void offer_resources() {
    for (const Resource* resource : user_resources(domain())) add(resource->name, resource->documentation);
  }

  // Queries, or the actions that change something.
  void offer_actions(bool queries) {
    for (const Action* action : user_actions(domain())) {
      if (action->query.has_value() == queries) add(action->name, action->documentation);
    }
  }

  // "qty=" for the arguments of the action in words[0], or the values of the one being given.
  void offer_assignments(std::span<const std::string> words) {
    const Action* action = words.empty() ? nullptr : domain().find_action(words[0]);
    if (action == nullptr) return;
    const std::size_t equals = typed_.find('=');
    if (equals != std::string::npos) {
      const std::string name = typed_.substr(0, equals);
      const Field* field = action->arguments.find(name);
      before_ = typed_.substr(0, equals + 1);
      typed_ = typed_.substr(equals + 1);
      if (field == nullptr && action->resource != nullptr) field = action->resource->record.find(name);
      if (field != nullptr) offer_values(*field, *action);
      return;
    }
    for (const std::string_view part : action->implicit_key) offer_argument(*action->resource->record.find(part), words);
    for (const Field& field : action->arguments.fields) offer_argument(field, words);
  }

  void offer_argument(const Field& field, std::span<const std::string> words) {
    const auto given = [&](const std::string& word) { return word.starts_with(field.name + "="); };
    if (std::none_of(words.begin(), words.end(), given)) add(field.name + "=", field.type_name);
  }

  // The resource whose keys a field of `of` holds: its own, or that of a reference. Null where it is neither, or one part of
  // several.
  static const Resource* keyed_by(const Field& field, const Resource& of) {
    const auto is_it = [&](std::uint16_t index) { return of.record.fields[index].name == field.name; };
    if (of.key_fields.size() == 1 && is_it(of.key_fields.front())) return &of;
    for (const Reference& reference : of.references) {
      if (reference.fields.size() == 1 && is_it(reference.fields.front())) return reference.target;
    }
    return nullptr;
  }

  void offer_values(const Field& field, const Action& action) {
    const bool is_new = action.kind == ActionKind::kCreates;
    const Resource* keyed = action.resource == nullptr ? nullptr : keyed_by(field, *action.resource);
    if (keyed != nullptr && !(is_new && keyed == action.resource)) offer_keys(keyed->name);
    if (field.type == BaseType::kBool) {
      add("true");
      add("false");
    }
    if (field.enumeration == nullptr) return;
    for (const EnumValue& value : field.enumeration->values) add(value.name);
  }

  // The last of a list with commas.
  void offer_fields() {
    const Resource* resource = line_.words.empty() ? nullptr : domain().find_resource(line_.words[0]);
    if (resource == nullptr) return;
    const std::size_t comma = typed_.rfind(',');
    if (comma != std::string::npos) {
      before_ = typed_.substr(0, comma + 1);
      typed_ = typed_.substr(comma + 1);
    }
    for (const Field& field : resource->record.fields) add(field.name, field.type_name);
    for (const char* fact : {"_version", "_seq", "_at", "_actor"}) add(fact);
  }

  // The fields with which a filter can begin, those first by which an index finds records.
  void offer_filter() {
    const Resource* resource = line_.words.empty() ? nullptr : domain().find_resource(line_.words[0]);
    if (resource == nullptr) return;
    const auto is_indexed = [&](std::size_t field) {
      const auto begins = [&](const Index& index) { return index.declared && index.fields.front() == field; };
      return std::any_of(resource->indexes.begin(), resource->indexes.end(), begins);
    };
    for (const bool indexed : {true, false}) {
      for (std::size_t i = 0; i < resource->record.fields.size(); ++i) {
        const Field& field = resource->record.fields[i];
        if (is_indexed(i) == indexed && !field.secret) add(field.name, field.type_name + (indexed ? ", indexed" : ""));
      }
    }
  }

  // Few, and no longer than somebody waits for a key press. A single text key is looked up by its beginning.
  void offer_keys(const std::string& name) {
    constexpr std::size_t kKeysMax = 50;
    constexpr std::chrono::milliseconds kTimeMax{300};
    const auto until = std::chrono::steady_clock::now() + kTimeMax;
    const Result<Store> store = open();
    if (!store.ok()) return;
    const std::shared_ptr<const Domain> in_force = store->domain();
    const Resource* resource = in_force->find_resource(name);
    if (resource == nullptr) return;
    ListQuery query{.resource = name};
    const Field& first = resource->record.fields[resource->key_fields.front()];
    if (resource->key_fields.size() == 1 && first.type == BaseType::kText) query.key_prefix = typed_;
    const std::size_t before = found_.size();
    const Status listed = store->view().list(query, [&](const Record& record) {
      const std::string& key = record.key();
      if (printable(key) == key) add(key);
      return found_.size() < before + kKeysMax && std::chrono::steady_clock::now() < until;
    });
    if (!listed.ok()) found_.resize(before);
  }

  void offer_profiles() {
    const Result<Profiles> profiles = read_profiles(session_.streams);
    if (!profiles.ok()) return;
    for (const auto& [name, values] : *profiles) add(name, counted(values.size(), "setting"));
  }

  void offer_setting_value() {
    const Setting* setting = line_.words.empty() ? nullptr : find_setting(line_.words[0]);
    if (setting == nullptr) return;
    for (const std::string& choice : setting->flag.choices) add(choice);
    if (setting->flag.type != FlagType::kSwitch) return;
    add("true");
    add("false");
  }

  void offer_bookmarks(const std::string& prefix) {
    const Result<Store> store = open();
    if (!store.ok()) return;
    const Result<std::vector<Bookmark>> bookmarks = store->bookmarks();
    if (!bookmarks.ok()) return;
    for (const Bookmark& row : *bookmarks) add(prefix + row.name, "event " + std::to_string(row.seq));
  }

  void offer_subscriptions() {
    const Result<Store> store = open();
    if (!store.ok()) return;
    const Result<std::vector<GroupInfo>> groups = store->groups();
    if (!groups.ok()) return;
    for (const GroupInfo& group : *groups) add(group.name, "event " + std::to_string(group.done_to));
  }

  void offer_projections() {
    const Result<Store> store = open();
    if (!store.ok()) return;
    const Result<std::vector<ProjectionInfo>> projections = store->projections().list();
    if (!projections.ok()) return;
    for (const ProjectionInfo& info : *projections) add(info.name, std::string(name_of(info.state)));
  }

  void offer_subjects() {
    const bool explains = line_.command->name == "explain";
    if (explains && !line_.words.empty() && line_.words[0] == "do") {
      if (line_.words.size() == 1) return offer_actions(false);
      return offer_assignments(std::span(line_.words).subspan(1));
    }
    if (!line_.words.empty()) return;
    if (explains) add("do", "what an action would do");
    offer_resources();
    offer_actions(false);
    offer_actions(true);
    const std::size_t dot = typed_.find('.');
    const Resource* resource = dot == std::string::npos || !explains ? nullptr : domain().find_resource(typed_.substr(0, dot));
    if (resource == nullptr) return;
    for (const Field& field : resource->record.fields) add(resource->name + "." + field.name, field.type_name);
  }

  Result<Store> open() {
    std::map<std::string, std::vector<std::string>> flags{{"quiet", {"true"}}};
    if (!line_.store.empty()) flags["store"] = {line_.store};
    if (!line_.profile.empty()) flags["profile"] = {line_.profile};
    Arguments arguments(*line_.command, {}, std::move(flags));
    FORGE_TRY(set_defaults(arguments, session_.streams, session_.around));
    Session quiet(arguments, session_.streams, session_.out, Style(), session_.around);
    return quiet.open_for_reading();
  }

  const Domain& domain() {
    if (domain_ == nullptr) {
      const Result<Store> store = open();
      domain_ = store.ok() ? store->domain() : Domain::system();
    }
    return *domain_;
  }

  Session& session_;
  const Line& line_;
  std::string before_;  // of the word: what stays as it is
  std::string typed_;   // of the word: what candidates begin with
  std::shared_ptr<const Domain> domain_;
  std::vector<Candidate> found_;
};

}  // namespace

std::vector<Candidate> candidates(Session& session, std::string_view line) {
  const std::vector<std::string> words = split_line(line);
  if (words.size() < 2) return {};
  const Line read = read_line(words);
  return Completer(session, read, words.back()).run();
}

}  // namespace forge::cli
