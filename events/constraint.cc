#include "forge/events/constraint.h"

#include <flatbuffers/flatbuffers.h>
#include <re2/re2.h>

#include <algorithm>

#include "forge/events/codec.h"
#include "forge/events/domain.h"
#include "quote.h"

namespace forge {
namespace {

constexpr std::size_t kPatternBytesMax = 1024;
constexpr std::int64_t kPatternMemoryMax = std::int64_t{1} << 20;

std::string shown_cell(const Field& field, const Cell& cell) {
  const std::string text = cell_to_text(field, cell);
  return cell.kind == Kind::kText && !field.secret ? internal::quoted(text) : text;
}

// The code points of valid UTF-8: every byte but those that continue one.
std::uint64_t characters_of(std::string_view text) {
  return static_cast<std::uint64_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

bool is_below(const Cell& a, const Cell& b) {
  return a.kind == Kind::kInt ? a.integer < b.integer : a.number < b.number;
}

Status range_broken(const Field& field, std::string_view what, const char* how, std::string why, const std::string& place) {
  return Status(ErrorId::kArgumentRange, std::string(what) + ": " + field.name + " is " + how).why(std::move(why)).place(place);
}

Status check_number(const Field& field, const Cell& cell, std::string_view what) {
  const FieldLimits& limits = *field.limits;
  if (!limits.min.is_null() && is_below(cell, limits.min)) {
    return range_broken(field, what, "too small",
                        "it is " + shown_cell(field, cell) + ", min is " + declared_text(field, limits.min), limits.min_place);
  }
  if (!limits.max.is_null() && is_below(limits.max, cell)) {
    return range_broken(field, what, "too large",
                        "it is " + shown_cell(field, cell) + ", max is " + declared_text(field, limits.max), limits.max_place);
  }
  return {};
}

Status check_length(const Field& field, const Cell& cell, std::string_view what) {
  const FieldLimits& limits = *field.limits;
  if (!limits.length_min && !limits.length_max) return {};
  const bool is_text = cell.kind == Kind::kText;
  const std::uint64_t length =
      is_text ? characters_of(cell.as_text()) : flatbuffers::ReadScalar<flatbuffers::uoffset_t>(cell.nested);
  const bool is_short = limits.length_min && length < *limits.length_min;
  if (!is_short && (!limits.length_max || length <= *limits.length_max)) return {};
  std::string why = is_text ? shown_cell(field, cell) : "it";
  why += " has " + std::to_string(length) + (is_text ? " characters" : " items") + ", length is " + limits.length_text();
  return range_broken(field, what, is_short ? "too short" : "too long", std::move(why), limits.length_place);
}

}  // namespace

struct Pattern::Compiled {
  Compiled(std::string_view source, const RE2::Options& options)
      : text(source), expression(re2::StringPiece(source.data(), source.size()), options) {}

  std::string text;
  RE2 expression;
};

Result<std::shared_ptr<const Pattern>> Pattern::compile(std::string_view text) {
  const auto refuse = [&](std::string why) {
    return Status(ErrorId::kSchemaAttribute, "the pattern " + internal::quoted(text) + " cannot be compiled")
        .why(std::move(why))
        .remedy("write it as RE2 takes it: \"[^@]+@[^@]+\"");
  };
  if (text.size() > kPatternBytesMax) return refuse("it is longer than 1,024 bytes");
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(kPatternMemoryMax);
  auto compiled = std::make_unique<const Compiled>(text, options);
  if (!compiled->expression.ok()) return refuse(compiled->expression.error());
  return std::shared_ptr<const Pattern>(new Pattern(std::move(compiled)));
}

Pattern::Pattern(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Pattern::~Pattern() = default;

bool Pattern::matches(std::string_view text) const {
  return RE2::FullMatch(re2::StringPiece(text.data(), text.size()), compiled_->expression);
}

const std::string& Pattern::text() const {
  return compiled_->text;
}

std::string FieldLimits::length_text() const {
  if (!length_min && !length_max) return {};
  if (length_min == length_max) return std::to_string(*length_min);
  return (length_min ? std::to_string(*length_min) : "") + ".." + (length_max ? std::to_string(*length_max) : "");
}

std::string limits_text(const Field& field) {
  if (field.limits == nullptr) return {};
  const FieldLimits& limits = *field.limits;
  std::string out;
  const auto say = [&](const char* word, const std::string& value) {
    if (!value.empty()) out += (out.empty() ? "" : ", ") + std::string(word) + " " + value;
  };
  say("min", declared_text(field, limits.min));
  say("max", declared_text(field, limits.max));
  say("length", limits.length_text());
  say("match", limits.match == nullptr ? std::string() : limits.match->text());
  return out;
}

Status check_limits(const Field& field, const Cell& cell, std::string_view what) {
  switch (cell.kind) {
    case Kind::kAbsent:
    case Kind::kNull:
    case Kind::kBool:
      return {};
    case Kind::kInt:
    case Kind::kFloat:
      return check_number(field, cell, what);
    case Kind::kText:
    case Kind::kNested:
      break;
  }
  FORGE_TRY(check_length(field, cell, what));
  const Pattern* pattern = field.limits->match.get();
  if (pattern == nullptr || pattern->matches(cell.as_text())) return {};
  return Status(ErrorId::kPatternMismatch, std::string(what) + ": " + field.name + " does not match its pattern")
      .why("it is " + shown_cell(field, cell) + ", the pattern is " + pattern->text())
      .place(field.limits->match_place);
}

std::vector<std::int64_t> Transitions::allowed_after(std::int64_t from) const {
  std::vector<std::int64_t> out;
  for (const auto& [before, after] : steps) {
    if (before == from) out.push_back(after);
  }
  return out;
}

std::string definition_of(const Resource& resource, std::span<const std::uint16_t> fields,
                          const std::optional<Expression>& condition) {
  std::string out;
  for (const std::uint16_t field : fields) out += (out.empty() ? "" : ", ") + resource.record.fields[field].name;
  return condition ? out + " where " + condition->text() : out;
}

std::string definition_of(const Resource& resource, const Assignment& assignment) {
  return resource.record.fields[assignment.field].name + " = " + assignment.expression.text();
}

std::string definition_of(const Resource& resource, const Transitions& transitions) {
  const Field& field = resource.record.fields[transitions.field];
  const auto names = [&](const std::vector<std::int64_t>& values) {
    std::string out;
    for (const std::int64_t value : values) out += (out.empty() ? "" : ", ") + declared_text(field, Cell::of(value));
    return out;
  };
  std::string out = "-> " + names(transitions.initial);
  std::vector<std::int64_t> told;
  for (const auto& [from, to] : transitions.steps) {
    if (std::find(told.begin(), told.end(), from) != told.end()) continue;
    told.push_back(from);
    out += "; " + names({from}) + " -> " + names(transitions.allowed_after(from));
  }
  return out;
}

}  // namespace forge
