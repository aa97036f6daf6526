#include "recipe.h"

#include "datum.h"
#include "forge/events/json.h"
#include "url.h"

namespace forge::internal {
namespace {

// What a reference leads to, or the error that names it.
Result<const Value*> look_up(const Reference& reference, const Scope& scope) {
  const Value* root = scope.root(reference);
  const Value* found = root == nullptr ? nullptr : find(*root, reference.path);
  if (found != nullptr) return found;
  return Status(ErrorId::kPathMissing, "'${" + reference.path.text + "}' leads to no value")
      .why(root == nullptr ? "there is no '" + reference.path.root + "' here" : "'" + reference.path.root + "' has no such part");
}

std::string as_text(const Value& value) {
  const std::string* text = value.if_text();
  return text != nullptr ? *text : to_json(value);
}

}  // namespace

Condition Condition::compile(const Compilation& compilation, const std::string& text, const std::string& path) {
  if (text.empty()) return {};
  return resolve(compilation, DynamicExpression::parse_condition(compilation.findings.places.source_of(path, text)), path);
}

Condition Condition::compile_transform(const Compilation& compilation, const std::string& text, const std::string& path) {
  return resolve(compilation, DynamicExpression::parse(compilation.findings.places.source_of(path, text)), path);
}

Condition Condition::resolve(const Compilation& compilation, Result<DynamicExpression> parsed, const std::string& path) {
  Condition made;
  if (!parsed.ok()) {
    compilation.findings.add(parsed.status(), path);
    return made;
  }
  for (const DynamicExpression::Path& read : parsed->paths()) {
    auto reference = compilation.resolver.resolve(read.text);
    if (reference.ok()) {
      made.references_.push_back(*std::move(reference));
    } else {
      compilation.findings.add(reference.status(), path, parsed->text(), read.offset);
    }
  }
  made.expression_.push_back(*std::move(parsed));
  return made;
}

Result<std::vector<const Value*>> Condition::values(const Scope& scope) const {
  std::vector<const Value*> values;
  for (const Reference& reference : references_) {
    FORGE_ASSIGN(const Value* value, look_up(reference, scope));
    values.push_back(value);
  }
  return values;
}

Result<bool> Condition::holds(const Scope& scope) const {
  if (!is_set()) return true;
  FORGE_ASSIGN(const std::vector<const Value*> bound, values(scope));
  return expression_[0].holds(bound, scope.now());
}

void Condition::add_reads(const Scope& scope, Object& reads) const {
  for (const Reference& reference : references_) {
    const Result<const Value*> value = look_up(reference, scope);
    if (value.ok() && reads.find(reference.path.text) == nullptr) reads.add(reference.path.text, **value);
  }
}

Result<Value> Condition::evaluate(const Scope& scope) const {
  FORGE_ASSIGN(const std::vector<const Value*> bound, values(scope));
  return expression_[0].evaluate(bound, scope.now());
}

Recipe Recipe::compile(const Compilation& compilation, const fb::BindingT* binding, const std::string& path) {
  Recipe made;
  if (binding == nullptr) return made;
  made.kind_ = binding->kind;
  switch (binding->kind) {
    case fb::BindingKind::Literal:
      if (binding->literal != nullptr) {
        auto value = to_value(*binding->literal);
        if (value.ok()) {
          made.literal_ = *std::move(value);
        } else {
          compilation.findings.add(value.status(), path);
        }
      }
      break;
    case fb::BindingKind::Reference: {
      auto reference = compilation.resolver.resolve(binding->text);
      if (reference.ok()) {
        made.reference_.push_back(*std::move(reference));
      } else {
        compilation.findings.add(reference.status(), path);
      }
      break;
    }
    case fb::BindingKind::Text:
      made.compile_text(compilation, binding->text, path);
      break;
    case fb::BindingKind::Expression:
      made.expression_ = Condition::compile_transform(compilation, binding->text, path + ".expr");
      break;
    case fb::BindingKind::List:
    case fb::BindingKind::Object:
      made.names_ = binding->names;
      if (binding->kind == fb::BindingKind::Object && made.names_.size() != binding->items.size()) {
        compilation.findings.add(ErrorId::kDataCorrupt, path, "an object has names and values of different number", "");
        break;
      }
      for (std::size_t i = 0; i < binding->items.size(); ++i) {
        const std::string name = i < made.names_.size() ? made.names_[i] : std::to_string(i);
        made.items_.push_back(compile(compilation, binding->items[i].get(), path + "." + name));
      }
      break;
  }
  return made;
}

Recipe Recipe::compile_url(const Compilation& compilation, const fb::BindingT* binding, const std::string& path) {
  Recipe made = compile(compilation, binding, path);
  made.encodes_ = true;
  return made;
}

void Recipe::compile_text(const Compilation& compilation, const std::string& text, const std::string& path) {
  const auto split = split_text(text);
  if (!split.ok()) return compilation.findings.add(split.status(), path);
  for (const TextPiece& piece : *split) {
    Piece made;
    if (!piece.is_path) {
      made.literal = piece.text;
    } else if (auto reference = compilation.resolver.resolve(piece.text); reference.ok()) {
      made.reference.push_back(*std::move(reference));
    } else {
      compilation.findings.add(reference.status(), path, text, piece.offset);
    }
    pieces_.push_back(std::move(made));
  }
}

Result<Value> Recipe::make(const Scope& scope) const {
  switch (kind_) {
    case fb::BindingKind::Literal:
      return literal_;
    case fb::BindingKind::Reference: {
      FORGE_ASSIGN(const Value* value, look_up(reference_[0], scope));
      return *value;
    }
    case fb::BindingKind::Text:
      return make_text(scope);
    case fb::BindingKind::Expression:
      return expression_.evaluate(scope);
    case fb::BindingKind::List: {
      List list;
      for (const Recipe& item : items_) {
        FORGE_ASSIGN(Value value, item.make(scope));
        list.push_back(std::move(value));
      }
      return Value(std::move(list));
    }
    case fb::BindingKind::Object:
      break;
  }
  Object object;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    FORGE_ASSIGN(Value value, items_[i].make(scope));
    object.add(names_[i], std::move(value));
  }
  return Value(std::move(object));
}

Result<Value> Recipe::make_text(const Scope& scope) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    if (piece.reference.empty()) {
      text += piece.literal;
      continue;
    }
    FORGE_ASSIGN(const Value* value, look_up(piece.reference[0], scope));
    text += encodes_ ? percent_encode(as_text(*value)) : as_text(*value);
  }
  return Value(std::move(text));
}

NamedRecipes NamedRecipes::compile(const Compilation& compilation, const std::vector<std::unique_ptr<fb::NamedT>>& named,
                                   const std::string& path) {
  NamedRecipes made;
  for (const auto& entry : named) {
    made.recipes.emplace_back(entry->name, Recipe::compile(compilation, entry->value.get(), path + "." + entry->name));
  }
  return made;
}

Result<Value> NamedRecipes::make(const Scope& scope) const {
  Object object;
  for (const auto& [name, recipe] : recipes) {
    FORGE_ASSIGN(Value value, recipe.make(scope));
    object.add(name, std::move(value));
  }
  return Value(std::move(object));
}

}  // namespace forge::internal
