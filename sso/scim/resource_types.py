"""What is served and announced: resource types, schemas, capabilities and limits (RFC 7643 5 to 7)."""

from typing import Any

from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    EnterpriseUser,
    ETag,
    Filter,
    Group,
    Meta,
    Mutability,
    Pagination,
    Patch,
    Resource,
    ResourceType,
    Schema,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    User,
)

HubUser = User[EnterpriseUser]
PAGE_DEFAULT, PAGE_MAX = 100, 200
BULK_OPERATIONS_MAX = 200
FILTER_MAX_CHARACTERS = 2_000
SCAN_MAX = 2_000
"""Resources that are looked at one by one for a filter that no index answers."""

POLICY = ScimPolicy(
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""Two habits of Microsoft Entra ID are understood; what nobody defined is refused."""

PROVIDER = ScimProvider(
    models=[User, EnterpriseUser, Group],
    resource_types=[ResourceType.from_resource(HubUser), ResourceType.from_resource(Group)],
    policy=POLICY,
)


def described(place: str, max_payload_bytes: int) -> ServiceProviderConfig:
    """Return the capabilities of the service at an address."""
    return ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=True, max_operations=BULK_OPERATIONS_MAX, max_payload_size=max_payload_bytes),
        filter=Filter(supported=True, max_results=PAGE_MAX),
        change_password=ChangePassword(supported=True),
        sort=Sort(supported=True),
        etag=ETag(supported=True),
        pagination=Pagination(
            cursor=False,
            index=True,
            default_pagination_method="index",
            default_page_size=PAGE_DEFAULT,
            max_page_size=PAGE_MAX,
        ),
        authentication_schemes=[
            AuthenticationScheme(
                type="oauthbearertoken",
                name="OAuth 2.0 client credentials",
                description="An access token of this hub for this address with the scope scim; "
                "bound to a key by DPoP (RFC 9449) or to a certificate (RFC 8705) where the client is.",
                spec_uri="https://www.rfc-editor.org/rfc/rfc6750",
                primary=True,
            )
        ],
        meta=Meta(resource_type="ServiceProviderConfig", location=f"{place}/ServiceProviderConfig"),
    )


def resource_types(place: str) -> list[ResourceType]:
    """Return the resource types with their addresses."""
    made = [ResourceType.from_resource(HubUser), ResourceType.from_resource(Group)]
    for each in made:
        each.meta = Meta(resource_type="ResourceType", location=f"{place}/ResourceTypes/{each.name}")
    return made


def schemas(place: str) -> list[Schema]:
    """Return the schemas with their addresses.

    The display of a member is the hub's own word, although the library lets it be written.
    """
    models: tuple[Any, ...] = (User, EnterpriseUser, Group)
    made = [model.to_schema() for model in models]
    for attribute in made[-1].get_attribute("members").sub_attributes:
        if attribute.name == "display":
            attribute.mutability = Mutability.read_only
    for each in made:
        each.meta = Meta(resource_type="Schema", location=f"{place}/Schemas/{each.id}")
    return made


AnyResource = Resource[Any]
