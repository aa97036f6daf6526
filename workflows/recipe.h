#pragma once

// How values are made while a run goes on: bindings and conditions with their references resolved. Pure; immutable, so safe to
// share.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "forge/events/dynamic_expression.h"
#include "forge/events/status.h"
#include "forge/events/time.h"
#include "forge/events/value.h"
#include "table_reader.h"
#include "value_path.h"
#include "workflow_generated.h"

namespace forge::internal {

// What the first name of a path stands for.
enum class Root : std::uint8_t { kInput, kEvent, kItem, kError, kRun, kCursor, kStep };

struct Reference {
  Root root = Root::kInput;
  std::uint32_t step = 0;  // of kStep: in Plan::steps
  ValuePath path;
};

// What references lead to at one place of a run.
class Scope {
 public:
  virtual ~Scope() = default;
  // The value of a reference's root; null where there is none. Lives until the scope changes.
  virtual const Value* root(const Reference& reference) const = 0;
  virtual Time now() const = 0;
};

// Says what a path in a definition refers to.
class Resolver {
 public:
  virtual ~Resolver() = default;
  // Errors: kWorkflowReference, without a place.
  virtual Result<Reference> resolve(std::string_view path) = 0;
};

// What compiling needs: who resolves, and where errors go.
struct Compilation {
  Resolver& resolver;
  const Findings& findings;
};

class Condition {
 public:
  // Compiles `text`, which stands at `path`. What is wrong becomes a finding; the condition is then not to be used.
  static Condition compile(const Compilation& compilation, const std::string& text, const std::string& path);

  bool is_set() const { return !expression_.empty(); }
  // Whether it is true; one that is not set is. Errors: kPathMissing naming the path; those of the expression.
  Result<bool> holds(const Scope& scope) const;
  // Adds what it reads, by path; what leads to no value is left out.
  void add_reads(const Scope& scope, Object& reads) const;

 private:
  friend class Recipe;
  // The same for an expression whose result may be of any type.
  static Condition compile_transform(const Compilation& compilation, const std::string& text, const std::string& path);
  static Condition resolve(const Compilation& compilation, Result<DynamicExpression> parsed, const std::string& path);
  Result<Value> evaluate(const Scope& scope) const;
  Result<std::vector<const Value*>> values(const Scope& scope) const;

  std::vector<DynamicExpression> expression_;  // none or one
  std::vector<Reference> references_;          // by index of its paths
};

class Recipe {
 public:
  // As above. A null binding makes null.
  static Recipe compile(const Compilation& compilation, const fb::BindingT* binding, const std::string& path);
  // The same for the path of a request: what references put into a text is percent-encoded, so that it cannot leave its segment.
  static Recipe compile_url(const Compilation& compilation, const fb::BindingT* binding, const std::string& path);

  // Errors: kPathMissing naming the path; those of expressions.
  Result<Value> make(const Scope& scope) const;

 private:
  struct Piece {
    std::string literal;
    std::vector<Reference> reference;  // none or one
  };

  void compile_text(const Compilation& compilation, const std::string& text, const std::string& path);
  Result<Value> make_text(const Scope& scope) const;

  fb::BindingKind kind_ = fb::BindingKind::Literal;
  Value literal_;
  std::vector<Reference> reference_;  // of a Reference
  std::vector<Piece> pieces_;         // of a Text
  bool encodes_ = false;              // of a Text: percent-encodes what its references lead to
  Condition expression_;              // of an Expression
  std::vector<Recipe> items_;
  std::vector<std::string> names_;
};

// Recipes by name: the arguments of a step.
struct NamedRecipes {
  std::vector<std::pair<std::string, Recipe>> recipes;

  static NamedRecipes compile(const Compilation& compilation, const std::vector<std::unique_ptr<fb::NamedT>>& named,
                              const std::string& path);
  Result<Value> make(const Scope& scope) const;
};

}  // namespace forge::internal
