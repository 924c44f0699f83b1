"""What the template writes once and uses often, and how its parameters are grouped."""

import re
from collections import Counter

from template.transformed import ROOT, Template

TEXT = (ROOT / "template.yaml").read_text()
CODE = re.sub(r"^ *#.*|(?<=\s)#.*", "", TEXT, flags=re.MULTILINE)


def test_every_parameter_is_in_one_group_and_stands_where_its_group_has_it(template: Template) -> None:
    groups = template.source["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == list(template.parameters)


def test_every_kit_is_used() -> None:
    kits = re.findall(r"[:-] &([\w-]+)", CODE)
    assert kits
    assert set(re.findall(r"[ :\[]\*([a-z][\w-]+)", CODE)) == set(kits)
    assert [name for name, times in Counter(kits).items() if times > 1] == []


def test_no_resource_and_no_metadata_is_an_alias_as_a_whole() -> None:
    """SAM writes each resource's id into its Metadata: what two of them shared would get the last one's."""
    assert re.findall(r"^  \w+: [*&].*|^    (?:Metadata|<<): [*&].*", CODE, flags=re.MULTILINE) == []


def test_every_alarm_says_what_it_looks_at(template: Template) -> None:
    """A kit has no dimensions, and one of them no metric: the alarm says so itself."""
    for name, alarm in template.of_type("AWS::CloudWatch::Alarm").items():
        said = {"Namespace", "MetricName", "Dimensions", "Statistic", "Period", "Threshold"}
        assert said <= alarm.keys(), name
    assert "Dimensions" not in str(template.source["Metadata"])
