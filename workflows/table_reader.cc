#include "table_reader.h"

#include <algorithm>
#include <set>

#include "datum.h"
#include "decision.h"
#include "forge/events/domain.h"
#include "forge/events/duration.h"

namespace forge::internal {

void Findings::add(ErrorId id, const std::string& path, std::string what, std::string why, std::string remedy) const {
  Status error = Status(id, std::move(what)).why(std::move(why)).place(places.place_of(path));
  if (!remedy.empty()) error = std::move(error).remedy(std::move(remedy));
  errors.push_back(std::move(error));
}

void Findings::add(const Status& error, const std::string& path) const {
  add(error, path, "", 0);
}

void Findings::add(const Status& error, const std::string& path, const std::string& text, std::size_t offset) const {
  if (!error.text().place.empty()) {
    errors.push_back(error);
    return;
  }
  const RuleSource source = places.source_of(path, text);
  errors.push_back(Status(error.id(), error.text().what)
                       .why(error.text().why)
                       .place(source.positions.empty() ? places.place_of(path) : source.place_of(offset))
                       .remedy(error.text().remedy));
}

std::string nearest_or_list(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t kListedMax = 30;
  const std::vector<std::string_view> candidates(known.begin(), known.end());
  if (const std::string nearest = nearest_name(name, candidates); !nearest.empty()) return "did you mean '" + nearest + "'?";
  if (known.empty()) return "there are none";
  std::string why = "there is " + known[0];
  for (std::size_t i = 1; i < known.size() && i < kListedMax; ++i) why += ", " + known[i];
  return known.size() > kListedMax ? why + ", ..." : why;
}

TableReader::TableReader(const Findings& findings, const Declared& table, std::string path, std::string what)
    : findings_(findings), table_(table), path_(std::move(path)), what_(std::move(what)) {
  for (const Declared::Member& member : table.members) first_.emplace(member.name, &member.value);
  if (table.kind != Declared::Kind::kTable) {
    findings_.add(ErrorId::kWorkflowAttribute, path_, what_ + " is no table", "it is " + std::string(kind_name(table)));
  }
}

void TableReader::suggest(std::string_view name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.emplace_back(name);
}

bool TableReader::has(std::string_view name) const {
  return first_.contains(name);
}

const Declared* TableReader::take(std::string_view name) {
  suggest(name);
  const auto found = first_.find(name);
  return found == first_.end() ? nullptr : found->second;
}

void TableReader::refuse(std::string_view name, std::string_view wanted, const Declared& found) const {
  if (!hides_values_) return refuse(name, wanted, literal_of(found));
  findings_.add(ErrorId::kWorkflowAttribute, path_of(name), what_ + " has a malformed '" + std::string(name) + "'",
                "it is " + std::string(kind_name(found)) + ", wanted is " + std::string(wanted));
}

void TableReader::refuse(std::string_view name, std::string_view wanted, const Value& found) const {
  findings_.add(ErrorId::kWorkflowAttribute, path_of(name), what_ + " has a malformed '" + std::string(name) + "'",
                "it is " + shown_briefly(found) + ", wanted is " + std::string(wanted));
}

void TableReader::missing(std::string_view name, std::string_view wanted) const {
  findings_.add(ErrorId::kWorkflowAttribute, path_, what_ + " has no '" + std::string(name) + "'",
                "it needs " + std::string(wanted), "add " + std::string(name) + " = ...");
}

const Declared* TableReader::take_table(std::string_view name) {
  const Declared* found = take(name);
  if (found == nullptr || found->kind == Declared::Kind::kTable) return found;
  refuse(name, "a table", *found);
  return nullptr;
}

const Declared* TableReader::take_list(std::string_view name) {
  const Declared* found = take(name);
  if (found == nullptr || found->kind == Declared::Kind::kList) return found;
  refuse(name, "a list", *found);
  return nullptr;
}

std::string TableReader::text(std::string_view name) {
  const Declared* found = take(name);
  if (found == nullptr) return {};
  const std::string* given = found->if_text();
  if (given != nullptr && !given->empty()) return *given;
  if (given != nullptr) {
    findings_.add(ErrorId::kWorkflowAttribute, path_of(name), what_ + " has an empty '" + std::string(name) + "'",
                  "a text is wanted");
  } else {
    refuse(name, "a text", *found);
  }
  return {};
}

std::vector<std::string> TableReader::texts(std::string_view name) {
  std::vector<std::string> given;
  const Declared* found = take_list(name);
  if (found == nullptr) return given;
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    if (const std::string* text = found->items[i].if_text()) {
      given.push_back(*text);
    } else {
      refuse(std::string(name) + "." + std::to_string(i), "a text", found->items[i]);
    }
  }
  return given;
}

bool TableReader::flag(std::string_view name, bool fallback) {
  const Declared* found = take(name);
  if (found == nullptr) return fallback;
  if (const bool* given = found->value.if_bool()) return *given;
  refuse(name, "true or false", *found);
  return fallback;
}

std::uint64_t TableReader::number(std::string_view name, std::uint64_t min, std::uint64_t max, std::uint64_t fallback) {
  const Declared* found = take(name);
  if (found == nullptr) return fallback;
  const std::int64_t* given = found->value.if_int();
  if (given != nullptr && *given >= 0 && static_cast<std::uint64_t>(*given) >= min && static_cast<std::uint64_t>(*given) <= max) {
    return static_cast<std::uint64_t>(*given);
  }
  const std::string range = "a whole number from " + std::to_string(min) + " to " + std::to_string(max);
  if (given == nullptr) {
    refuse(name, range, *found);
  } else {
    findings_.add(ErrorId::kWorkflowAttribute, path_of(name), what_ + " has '" + std::string(name) + "' out of range",
                  std::to_string(*given) + " is not " + range);
  }
  return fallback;
}

std::int64_t TableReader::duration(std::string_view name, std::int64_t fallback) {
  const std::string given = text(name);
  if (given.empty()) return fallback;
  if (const auto read = read_duration(given)) return read->count();
  findings_.add(ErrorId::kWorkflowAttribute, path_of(name), what_ + " has a malformed '" + std::string(name) + "'",
                "'" + given + "' is no duration: that is a whole number above 0, then ms, s, m or h",
                "write it like 200ms, 30s, 5m or 24h");
  return fallback;
}

std::unique_ptr<fb::BindingT> TableReader::binding(std::string_view name) {
  const Declared* found = take(name);
  if (found == nullptr) return nullptr;
  return std::make_unique<fb::BindingT>(read_binding(findings_, *found, path_of(name), what_));
}

std::unique_ptr<fb::BindingT> TableReader::binding(std::string_view name, std::string_view wanted, Fits fits) {
  std::unique_ptr<fb::BindingT> made = binding(name);
  if (made == nullptr) return made;
  // What has references inside is still a list or a table, whatever they lead to.
  if (made->kind == fb::BindingKind::List && !fits(List{})) refuse(name, wanted, literal_of(*first_.at(name)));
  if (made->kind == fb::BindingKind::Object && !fits(Object{})) refuse(name, wanted, literal_of(*first_.at(name)));
  if (made->kind != fb::BindingKind::Literal || made->literal == nullptr) return made;
  const Result<Value> literal = to_value(*made->literal);
  if (literal.ok() && !fits(*literal)) refuse(name, wanted, *literal);
  return made;
}

std::vector<std::unique_ptr<fb::NamedT>> TableReader::named(std::string_view name, std::string_view wanted, Fits fits) {
  std::vector<std::unique_ptr<fb::NamedT>> made = named(name);
  for (const auto& entry : made) {
    if (entry->value->kind != fb::BindingKind::Literal || entry->value->literal == nullptr) continue;
    const Result<Value> literal = to_value(*entry->value->literal);
    if (literal.ok() && !fits(*literal)) refuse(std::string(name) + "." + entry->name, wanted, *literal);
  }
  return made;
}

std::vector<std::unique_ptr<fb::NamedT>> TableReader::named(std::string_view name) {
  std::vector<std::unique_ptr<fb::NamedT>> made;
  const Declared* found = take_table(name);
  if (found == nullptr) return made;
  TableReader inside(findings_, *found, path_of(name), what_ + "'s " + std::string(name));
  for (const Declared::Member& member : found->members) {
    if (inside.take(member.name) != &member.value) continue;  // there twice: finish() says so
    auto entry = std::make_unique<fb::NamedT>();
    entry->name = member.name;
    entry->value =
        std::make_unique<fb::BindingT>(read_binding(findings_, member.value, inside.path_of(member.name), inside.what()));
    made.push_back(std::move(entry));
  }
  inside.finish();
  return made;
}

void TableReader::finish() const {
  const std::set<std::string_view> known(known_.begin(), known_.end());
  for (const Declared::Member& member : table_.members) {
    const std::string path = path_of(member.name) + "!";
    if (!known.contains(member.name)) {
      findings_.add(ErrorId::kWorkflowAttribute, path, what_ + " has an unknown attribute '" + member.name + "'",
                    nearest_or_list(member.name, known_));
    } else if (first_.find(member.name)->second != &member.value) {
      findings_.add(ErrorId::kWorkflowName, path, what_ + " has '" + member.name + "' twice", "each name may be used once");
    }
  }
}

}  // namespace forge::internal
