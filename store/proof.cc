#include "forge/store/proof.h"

#include "forge/events/json.h"
#include "log_tree.h"
#include "store_state.h"

namespace forge {
namespace {

Status past_head(Seq size, Seq head) {
  return Status(ErrorId::kTimeInFuture, "there is no tree over " + std::to_string(size) + " events")
      .why("the log ends at event " + std::to_string(head));
}

// A proof that does not hold against the store's own root shows damage.
Status altered(const Status& wrong) {
  if (wrong.ok()) return {};
  return Status(ErrorId::kEventAltered, "the log and its tree differ").why(wrong.text().why).remedy("see: forgectl verify");
}

Result<Root> root_of(const internal::Database& database, Seq size) {
  Root root;
  root.size = size;
  FORGE_ASSIGN(root.hash, internal::tree_root(database, size));
  return root;
}

// The sizes that a caller asks for, with 0 as the head.
Result<Seq> size_in(const Store& store, Seq size) {
  const Seq head = store.head();
  if (size > head) return past_head(size, head);
  return size == 0 ? head : size;
}

List path_to_list(const std::vector<Hash>& path) {
  List out;
  for (const Hash& hash : path) out.push_back(to_hex(hash));
  return out;
}

// Reads the members of a proof; the first that is missing or malformed is its error.
class ProofReader {
 public:
  static Result<ProofReader> make(std::string_view json, std::string_view name) {
    ProofReader out;
    out.name_ = name;
    FORGE_ASSIGN(out.value_, parse_json(json, name));
    if (out.value_.if_object() == nullptr) return out.malformed("it is not an object");
    return out;
  }

  Status size(const char* member, Seq& out) const {
    const Value* value = value_.if_object()->find(member);
    if (value == nullptr || value->if_int() == nullptr || *value->if_int() < 0)
      return malformed(std::string(member) + " must be a number");
    out = static_cast<Seq>(*value->if_int());
    return {};
  }

  Status hash(const char* member, Hash& out) const {
    const Value* value = value_.if_object()->find(member);
    return value == nullptr ? malformed(std::string(member) + " is missing") : hash(member, *value, out);
  }

  Status path(std::vector<Hash>& out) const {
    const Value* value = value_.if_object()->find("proof");
    if (value == nullptr || value->if_list() == nullptr) return malformed("proof must be a list");
    for (const Value& element : *value->if_list()) FORGE_TRY(hash("each of proof", element, out.emplace_back()));
    return {};
  }

 private:
  Status hash(const char* member, const Value& value, Hash& out) const {
    const std::optional<Hash> parsed = value.if_text() == nullptr ? std::nullopt : parse_hash(*value.if_text());
    if (!parsed) return malformed(std::string(member) + " must be 64 hexadecimal digits");
    out = *parsed;
    return {};
  }

  Status malformed(std::string why) const {
    return Status(ErrorId::kProofInvalid, "the proof cannot be read")
        .why(std::move(why))
        .place(name_)
        .remedy("ask for the proof again");
  }

  std::string name_;
  Value value_;
};

Status other_root(const Root& brought, const Root& trusted) {
  if (brought.size == trusted.size && brought.hash == trusted.hash) return {};
  const auto text = [](const Root& root) { return std::to_string(root.size) + " events with root " + to_hex(root.hash); };
  return Status(ErrorId::kProofInvalid, "the proof leads to another head than the one kept")
      .why("it is of " + text(brought) + ", kept were " + text(trusted));
}

}  // namespace

Result<InclusionProof> prove(const Store& store, Seq seq, Seq size) {
  const internal::Pass pass(*StoreAccess::state(store).gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(size, size_in(store, size));
  const internal::Database& database = *StoreAccess::state(store).database;
  if (seq == 0 || seq > size) {
    return Status(ErrorId::kEventNotFound, "there is no event " + std::to_string(seq))
        .why("the tree is over " + std::to_string(size) + " events");
  }
  InclusionProof out;
  out.seq = seq;
  FORGE_ASSIGN(out.root, root_of(database, size));
  internal::StoredNodes nodes(database);
  FORGE_ASSIGN(out.leaf, nodes.node(seq - 1, 1));
  Hasher hasher;
  FORGE_ASSIGN(out.path, inclusion_proof(nodes, seq - 1, size, hasher));
  FORGE_TRY(altered(check_proof(out, out.root)));
  return out;
}

Result<ConsistencyProof> prove_consistency(const Store& store, Seq old_size, Seq size) {
  const internal::Pass pass(*StoreAccess::state(store).gate);
  if (!pass) return internal::closed_error();
  FORGE_ASSIGN(size, size_in(store, size));
  const internal::Database& database = *StoreAccess::state(store).database;
  ConsistencyProof out;
  FORGE_ASSIGN(out.root, root_of(database, size));
  internal::StoredNodes nodes(database);
  Hasher hasher;
  FORGE_ASSIGN(out.path, consistency_proof(nodes, old_size, size, hasher));
  FORGE_ASSIGN(out.old_root, root_of(database, old_size));
  FORGE_TRY(altered(check_proof(out, out.old_root, out.root)));
  return out;
}

Status check_proof(const InclusionProof& proof, const Root& trusted) {
  FORGE_TRY(other_root(proof.root, trusted));
  if (proof.seq == 0) return Status(ErrorId::kProofInvalid, "the proof is of no event").why("the first event is 1");
  Hasher hasher;
  return verify_inclusion(proof.leaf, proof.seq - 1, trusted.size, proof.path, trusted.hash, hasher);
}

Status check_proof(const ConsistencyProof& proof, const Root& trusted_old, const Root& trusted) {
  FORGE_TRY(other_root(proof.old_root, trusted_old));
  FORGE_TRY(other_root(proof.root, trusted));
  Hasher hasher;
  return verify_consistency(trusted_old.size, trusted_old.hash, trusted.size, trusted.hash, proof.path, hasher);
}

std::string InclusionProof::to_json() const {
  return forge::to_json(Object{
      {"seq", seq}, {"size", root.size}, {"leaf", to_hex(leaf)}, {"proof", path_to_list(path)}, {"root", to_hex(root.hash)}});
}

std::string ConsistencyProof::to_json() const {
  return forge::to_json(Object{{"old_size", old_root.size},
                               {"old_root", to_hex(old_root.hash)},
                               {"size", root.size},
                               {"proof", path_to_list(path)},
                               {"root", to_hex(root.hash)}});
}

Result<InclusionProof> InclusionProof::parse(std::string_view json, std::string_view name) {
  FORGE_ASSIGN(const ProofReader reader, ProofReader::make(json, name));
  InclusionProof out;
  FORGE_TRY(reader.size("seq", out.seq));
  FORGE_TRY(reader.size("size", out.root.size));
  FORGE_TRY(reader.hash("leaf", out.leaf));
  FORGE_TRY(reader.path(out.path));
  FORGE_TRY(reader.hash("root", out.root.hash));
  return out;
}

Result<ConsistencyProof> ConsistencyProof::parse(std::string_view json, std::string_view name) {
  FORGE_ASSIGN(const ProofReader reader, ProofReader::make(json, name));
  ConsistencyProof out;
  FORGE_TRY(reader.size("old_size", out.old_root.size));
  FORGE_TRY(reader.hash("old_root", out.old_root.hash));
  FORGE_TRY(reader.size("size", out.root.size));
  FORGE_TRY(reader.path(out.path));
  FORGE_TRY(reader.hash("root", out.root.hash));
  return out;
}

}  // namespace forge
