// A plugin for clang-tidy 19 that keeps its checks to declarations of ours. Without it they go
// through every system header of every source as well, and drop what they find there: four fifths
// of the time (docs/decisions/0014-clang-tidy-of-own-code.md).
//
// As a check ("updog-own-code") it finds nothing. The translation unit is the first node that is
// matched; from then on only what lies in no system header is visited, our headers included. What
// the compiler makes of templates for us hangs on the template's declaration: on ours, if it is
// ours.
#include <clang-tidy/ClangTidyCheck.h>
#include <clang-tidy/ClangTidyModule.h>
#include <clang-tidy/ClangTidyModuleRegistry.h>
#include <clang/AST/ASTContext.h>
#include <clang/ASTMatchers/ASTMatchFinder.h>
#include <clang/Basic/SourceManager.h>

#include <vector>

namespace {

using clang::ast_matchers::MatchFinder;

class OwnCode : public clang::tidy::ClangTidyCheck {
 public:
  using ClangTidyCheck::ClangTidyCheck;

  void registerMatchers(MatchFinder* finder) override {
    finder->addMatcher(clang::ast_matchers::translationUnitDecl(), this);
  }

  void check(const MatchFinder::MatchResult& match) override {
    std::vector<clang::Decl*> own;
    for (clang::Decl* declared : match.Context->getTranslationUnitDecl()->decls()) {
      const clang::SourceLocation place = declared->getLocation();
      if (place.isValid() && !match.SourceManager->isInSystemHeader(place)) own.push_back(declared);
    }
    match.Context->setTraversalScope(own);
  }
};

class OwnCodeModule : public clang::tidy::ClangTidyModule {
 public:
  void addCheckFactories(clang::tidy::ClangTidyCheckFactories& factories) override {
    factories.registerCheck<OwnCode>("updog-own-code");
  }
};

const clang::tidy::ClangTidyModuleRegistry::Add<OwnCodeModule> kRegistered("updog", "");

}  // namespace
