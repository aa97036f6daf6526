#pragma once

// What the command line asks for.

#include <filesystem>
#include <string>

namespace forge::bench {

struct Settings {
  bool quick = false;
  bool json = false;
  bool strict = false;  // a missed promise is a failure
  std::string only;     // a figure or a group of them; empty: all
  std::filesystem::path parent = ".";
  std::filesystem::path directory;  // a fresh one below `parent`
  int rounds = 7;
  double seconds = 0.5;  // of one measurement of throughput

  std::filesystem::path fresh(const std::string& name) const {
    std::filesystem::remove_all(directory / name);
    return directory / name;
  }
  // Names are dotted: "commit" wants "commit.1", and measuring "commit.1" is part of what "commit.1.raw" wants.
  bool wants(const std::string& name) const {
    return only.empty() || (name + ".").starts_with(only + ".") || (only + ".").starts_with(name + ".");
  }
};

}  // namespace forge::bench
