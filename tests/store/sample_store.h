#pragma once

// A small store with some of everything, made once for all tests and copied for each: two whole tiles and a part of one, two schema
// versions, transactions of one to three actions, destroyed and re-created records, unique values that moved, idempotency keys.

#include <filesystem>
#include <string>

#include "forge/store/store.h"

namespace forge::testing_support {

// A directory that is removed at the end.
class SampleDirectory {
 public:
  // As the store stood after an orderly close, or as a kill found it while it was open: everything acknowledged, part of it only in
  // the write-ahead log.
  enum class State { kClosed, kKilled };
  explicit SampleDirectory(State state);
  ~SampleDirectory();
  SampleDirectory(const SampleDirectory&) = delete;
  SampleDirectory& operator=(const SampleDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string data() const { return path_ + "/data"; }

 private:
  std::string path_;
};

// A path of the name where nothing is yet; what comes there is removed at the end.
class FreshPath {
 public:
  // In memory, where there is such a place, syncs take no time.
  enum class Place { kMemory, kDisk };
  explicit FreshPath(const std::string& name, Place place = Place::kMemory);
  ~FreshPath();
  FreshPath(const FreshPath&) = delete;
  FreshPath& operator=(const FreshPath&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The sample's schema as it is in the end.
std::string sample_schema();

// `count` transactions of the sample's, numbered from `first`, a multiple of 16.
void act_on(Store& store, int first, int count);

// Everything that readers can see: each event and each record as JSON, one a line; or the first error.
Result<std::string> contents_of(const View& view);
Result<std::string> contents_of(const Store& store);

}  // namespace forge::testing_support
