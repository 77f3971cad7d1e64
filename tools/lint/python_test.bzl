"""Python under Bazel without Python rules, which Debian does not package."""

load("@rules_shell//shell:sh_test.bzl", "sh_test")

def python_test(name, module, srcs, args = [], data = [], **kwargs):
    """Declares a test that runs a module.

    Args:
      name: name of the test.
      module: the module to run, with its packages.
      srcs: labels of the modules that it needs, itself included.
      args: its arguments.
      data: other files that it reads.
      **kwargs: passed to sh_test.
    """
    sh_test(
        name = name,
        size = "small",
        srcs = ["//tools/lint:python_test.sh"],
        args = [module] + args,
        data = srcs + data,
        tags = ["lint"] + kwargs.pop("tags", []),
        **kwargs
    )

def rule_tests(rules):
    """Declares NAME_test for each rules/NAME.py: its samples, good and bad.

    Args:
      rules: the names.
    """
    for rule in rules:
        python_test(
            name = rule + "_test",
            module = "tools.lint.rules.%s_test" % rule,
            srcs = [
                ":modules",
                "rules/%s_test.py" % rule,
            ],
        )
