#pragma once

// Proofs that stand without the store: that an event is in the log of a given size, and that a later log begins with an earlier one
// (RFC 6962, 2.1). Whoever kept a root can check them offline.

#include <string>
#include <string_view>
#include <vector>

#include "forge/events/merkle.h"
#include "forge/events/status.h"
#include "forge/store/store.h"

namespace forge {

// That the event `seq`, whose leaf hash is `leaf`, stands in the log of `root.size` events.
struct InclusionProof {
  Seq seq = 0;
  Hash leaf{};
  std::vector<Hash> path;  // from the leaf upwards
  Root root;

  // {"seq":7,"size":900,"leaf":"91ab…","proof":["03ce…",…],"root":"4c1f…"}
  std::string to_json() const;
  // Errors: kJsonInvalid, kJsonLimit, kProofInvalid where members are missing or malformed.
  static Result<InclusionProof> parse(std::string_view json, std::string_view name = "proof");
};

// That the log of `root.size` events begins with the one of `old_root.size` events.
struct ConsistencyProof {
  Root old_root;
  std::vector<Hash> path;
  Root root;

  // {"old_size":7,"old_root":"91ab…","size":900,"proof":["03ce…",…],"root":"4c1f…"}
  std::string to_json() const;
  // Errors: as InclusionProof::parse.
  static Result<ConsistencyProof> parse(std::string_view json, std::string_view name = "proof");
};

// Proofs from the store; `size` 0 means up to the head. What is handed out holds. Errors: kEventNotFound, kTimeInFuture (a size
// past the head), kArgumentRange (an old size above the new one), kEventAltered, kDataCorrupt, kClosed.
Result<InclusionProof> prove(const Store& store, Seq seq, Seq size = 0);
Result<ConsistencyProof> prove_consistency(const Store& store, Seq old_size, Seq size = 0);

// Whether the proof holds and leads to `trusted`: a root that the caller kept, not the one the proof brings along. For a
// consistency proof the roots of both sizes are compared. Errors: kProofInvalid.
Status check_proof(const InclusionProof& proof, const Root& trusted);
Status check_proof(const ConsistencyProof& proof, const Root& trusted_old, const Root& trusted);

}  // namespace forge
