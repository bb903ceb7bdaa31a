// tuftool: the publisher's program for TUF repositories.
#include "base/program.h"
#include "base/time.h"
#include "tough/tuftool/commands.h"
#include "tough/tuftool/delegation_commands.h"
#include "tough/tuftool/examples.h"

int main(int argc, char** argv) {
  CLI::App app("Makes and maintains repositories of The Update Framework.", "tuftool");
  base::SetUpProgram(app, tough::tuftool::kExamples);
  app.require_subcommand(1);
  tough::tuftool::Action action;
  const base::Time now = base::Now();
  tough::tuftool::RootCommands root(app, action, now);
  tough::tuftool::RepositoryCommands repository(app, action, now);
  tough::tuftool::DelegationCommands delegation(app, action, now);
  tough::tuftool::CopyCommands copy(app, action, now);
  tough::tuftool::InspectCommands inspect(app, action, now);
  return base::RunProgram(
      app, argc, argv, [&action] { return action(); }, tough::tuftool::kExamplesOfVerbs);
}
