"""The form of an application, without a browser."""

from admin.client_form import changes, filled_in, values_of


def test_roles_are_read_line_by_line_so_that_a_departments_words_may_have_spaces() -> None:
    rules = ["case-worker=civil/roles/head of section", "reader=civil/groups/staff"]
    client = {"client_name": "Registry", "role_mapping": rules[:1]}
    values = values_of(client)

    differing, shown = changes(client, filled_in({**values, "role_mapping": "\r\n".join([*rules, ""])}))

    assert values["role_mapping"] == rules[0]
    assert differing == {"role_mapping": rules}
    assert [change.field for change in shown] == ["role_mapping"]
