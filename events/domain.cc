// How a domain is made: outlines of all files (schema_outline.h), what they say about names and attributes, FlatBuffers' own
// parser (schema_reflection.h), then resources, actions and rules (domain_reader.cc). Each stage adds what it finds; a stage that
// cannot go on what it is given is not entered.

#include "forge/events/domain.h"

#include <algorithm>
#include <unordered_map>

#include "domain_model.h"
#include "forge/events/json.h"
#include "forge/events/merkle.h"
#include "schema_names.h"
#include "schema_sources.h"
#include "schema_vocabulary.h"
#include "undo_actions.h"

namespace forge {

namespace embedded {
extern const std::string_view system_fbs;
}

struct Domain::Parts {
  internal::DomainModel model;
  std::unordered_map<std::string_view, const Resource*> resource_of_name;
  std::unordered_map<std::string_view, const Action*> action_of_name;
};

namespace {

using internal::quoted;

// Each part with its length before it, so that no two lists of files give the same bytes.
std::string digest_of(const std::vector<SourceFile>& sources) {
  std::string bytes;
  const auto add = [&](const std::string& part) { bytes += std::to_string(part.size()) + ":" + part; };
  for (const SourceFile& source : sources) {
    add(source.name);
    add(source.text);
  }
  Hasher hasher;
  return to_hex(hasher.sha256({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
}

// What no tokenizer should have to look at.
void check_texts(internal::SchemaFindings& findings, std::size_t main) {
  std::size_t bytes = 0;
  for (std::size_t i = main; i < findings.files().size(); ++i) {
    const SourceFile& source = findings.files()[i];
    bytes += source.text.size();
    if (source.text.find('\0') != std::string::npos || !is_utf8(source.text)) {
      findings.add({i, {}}, Status(ErrorId::kSchemaSyntax, "the file is not text").why("it is not UTF-8, or it has a NUL byte"));
    }
  }
  if (bytes > internal::kSourceBytesMax) {
    findings.add({main, {}}, Status(ErrorId::kTooLarge, "the schema is larger than 1 MiB").remedy("make it smaller"));
  }
  if (findings.files().size() - main > internal::kSourceFilesMax) {
    findings.add({main, {}}, Status(ErrorId::kTooLarge, "the schema has more than 256 files").remedy("join some"));
  }
}

// Fills the model from `files`, the first of which is Forge's own and the second, where there is one, the main one.
void build(const std::vector<SourceFile>& files, internal::NumberGiver& numbers, internal::SchemaFindings& findings,
           internal::DomainModel& model) {
  const std::size_t main = std::min<std::size_t>(1, files.size() - 1);
  check_texts(findings, main);
  if (!findings.empty()) return;
  std::vector<internal::FileOutline> outlines(files.size());
  bool complete = true;
  for (std::size_t i = 0; i < files.size(); ++i) complete &= internal::read_outline(i, findings, outlines[i]);
  internal::check_attributes(outlines, findings);
  internal::check_names(outlines, findings);
  if (!complete) return;
  std::vector<std::size_t> order = internal::include_order(main, outlines, findings);
  if (main != 0) order.insert(order.begin(), 0);
  internal::ReflectedSchema reflected;
  if (!internal::reflect_schema(outlines, order, findings, reflected)) return;
  internal::read_domain(reflected, outlines, order, 0, numbers, findings, model);
}

template <typename Part>
const Part* find_number(const std::vector<Part>& parts, std::uint16_t number) {
  const auto found = std::lower_bound(parts.begin(), parts.end(), number,
                                      [](const Part& part, std::uint16_t wanted) { return part.number < wanted; });
  return found == parts.end() || found->number != number ? nullptr : &*found;
}

template <typename Part>
const Part* find_name(const std::unordered_map<std::string_view, const Part*>& parts, std::string_view name) {
  const auto found = parts.find(name);
  return found == parts.end() ? nullptr : found->second;
}

template <typename Part>
Status unknown(ErrorId id, std::string_view what, std::string_view name, const std::vector<Part>& parts) {
  std::vector<std::string_view> known;
  for (const Part& part : parts) known.push_back(part.name);
  const std::string nearest = nearest_name(name, known);
  return Status(id, "there is no " + std::string(what) + " " + quoted(name))
      .why(nearest.empty() ? std::string() : "did you mean " + quoted(nearest) + "?");
}

}  // namespace

Domain::Outcome Domain::parse(std::vector<SourceFile> sources, const Numbering& numbering) {
  std::vector<SourceFile> files = {{"system.fbs", std::string(embedded::system_fbs)}};
  files.insert(files.end(), sources.begin(), sources.end());
  auto numbers = internal::NumberGiver::after(numbering);
  if (!numbers.ok()) return {nullptr, {numbers.status()}};
  auto parts = std::make_unique<Parts>();
  internal::SchemaFindings findings(files);
  build(files, *numbers, findings, parts->model);
  if (!findings.empty()) return {nullptr, findings.take()};
  internal::add_undo_actions(parts->model);
  parts->model.numbering = numbers->numbering();
  parts->model.digest = digest_of(sources);
  parts->model.sources = std::move(sources);
  for (const Resource& resource : parts->model.resources) parts->resource_of_name.emplace(resource.name, &resource);
  for (const Action& action : parts->model.actions) parts->action_of_name.emplace(action.name, &action);
  for (const Action& action : parts->model.undo_actions) parts->action_of_name.emplace(action.name, &action);
  return {std::shared_ptr<const Domain>(new Domain(std::move(parts))), {}};
}

std::shared_ptr<const Domain> Domain::system() {
  static const Outcome kOutcome = parse({});
  if (kOutcome.domain == nullptr) abort_with(kOutcome.errors.front());
  return kOutcome.domain;
}

Domain::Domain(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Domain::~Domain() = default;

std::span<const Resource> Domain::resources() const {
  return parts_->model.resources;
}
const Resource* Domain::find_resource(std::string_view name) const {
  return find_name(parts_->resource_of_name, name);
}
const Resource* Domain::resource(std::uint16_t number) const {
  return find_number(parts_->model.resources, number);
}
const Action* Domain::find_action(std::string_view name) const {
  return find_name(parts_->action_of_name, name);
}
const Action* Domain::action(std::uint16_t resource_number, std::uint16_t number) const {
  const Action* declared = find_number(parts_->model.actions, number);
  if (declared != nullptr) return declared->resource->number == resource_number ? declared : nullptr;
  const Resource* of = resource(resource_number);
  if (of == nullptr) return nullptr;
  const auto found = std::find_if(of->undo_actions.begin(), of->undo_actions.end(),
                                  [&](const Action* action) { return action->number == number; });
  return found == of->undo_actions.end() ? nullptr : *found;
}

Result<const Resource*> Domain::get_resource(std::string_view name) const {
  if (const Resource* resource = find_resource(name)) return resource;
  return unknown(ErrorId::kUnknownResource, "resource", name, parts_->model.resources);
}

Result<const Action*> Domain::get_action(std::string_view name) const {
  if (const Action* action = find_action(name)) return action;
  const std::size_t dot = name.find('.');
  const std::string_view holder = name.substr(0, dot);
  if (dot != std::string_view::npos && find_resource(holder) == nullptr) {
    return unknown(ErrorId::kUnknownResource, "resource", holder, parts_->model.resources);
  }
  return unknown(ErrorId::kUnknownAction, "action", name, parts_->model.actions);
}

const std::vector<SourceFile>& Domain::sources() const {
  return parts_->model.sources;
}
const Numbering& Domain::numbering() const {
  return parts_->model.numbering;
}
const std::string& Domain::digest() const {
  return parts_->model.digest;
}

bool is_workflow_name(std::string_view name) {
  constexpr std::size_t kBytesMax = 64;
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= kBytesMax && is_letter(name[0]) && std::all_of(name.begin(), name.end(), fits);
}

std::string_view name_of(ActionKind kind) {
  switch (kind) {
    case ActionKind::kCreates:
      return "creates";
    case ActionKind::kUpdates:
      return "updates";
    case ActionKind::kUpserts:
      return "upserts";
    case ActionKind::kDestroys:
      return "destroys";
    case ActionKind::kReads:
      return "reads";
    case ActionKind::kGeneric:
      return "generic";
  }
  return "";
}

}  // namespace forge
