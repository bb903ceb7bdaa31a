// tuftool: the publisher's program for TUF repositories.
#include "base/program.h"
#include "base/time.h"
#include "tough/tuftool/commands.h"
#include "tough/tuftool/delegation_commands.h"

namespace {

constexpr const char* kExamples =
    "  tuftool root init root.json\n"
    "  tuftool root expire root.json 'in 52 weeks'\n"
    "  tuftool root gen-rsa-key root.json keys/root.pem --role root\n"
    "  tuftool root gen-ed25519-key root.json keys/online.pem -r targets -r snapshot -r timestamp\n"
    "  tuftool root sign root.json --key keys/root.pem\n"
    "  tuftool create --root root.json --key keys/online.pem --add-targets images \\\n"
    "      --targets-expires 'in 12 weeks' --snapshot-expires 'in 12 weeks' \\\n"
    "      --timestamp-expires 'in 7 days' --outdir repository\n"
    "  tuftool update --root root.json --key keys/online.pem --metadata-url repository/metadata "
    "\\\n"
    "      --timestamp-expires 'in 7 days' --outdir repository\n"
    "  tuftool delegation add-role --delegated-role os --paths 'os/*' --new-key os.pub \\\n"
    "      --root root.json --metadata-url repository/metadata --key keys/online.pem --sign-all "
    "\\\n"
    "      --key keys/os.pem --expires 'in 12 weeks' --outdir repository\n"
    "  tuftool inspect repository\n"
    "  tuftool check-expirations --within '14 days' https://example.org/metadata\n"
    "  tuftool download --root root.json --metadata-url https://example.org/metadata \\\n"
    "      --targets-url https://example.org/targets downloads\n";

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Makes and maintains repositories of The Update Framework.", "tuftool");
  base::SetUpProgram(app, kExamples);
  app.require_subcommand(1);
  tough::tuftool::Action action;
  const base::Time now = base::Now();
  tough::tuftool::RootCommands root(app, action, now);
  tough::tuftool::RepositoryCommands repository(app, action, now);
  tough::tuftool::DelegationCommands delegation(app, action, now);
  tough::tuftool::CopyCommands copy(app, action, now);
  tough::tuftool::InspectCommands inspect(app, action, now);
  return base::RunProgram(app, argc, argv, [&action] { return action(); });
}
