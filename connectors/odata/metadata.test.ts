import { describe, expect, it } from 'vitest';
import { exampleStream } from './discover.ts';
import { fieldAt, parseMetadata, typeOfPath } from './metadata.ts';

describe('metadata', () => {
  const edmx = (inner: string, version = '4.0') =>
    `<?xml version="1.0"?><edmx:Edmx Version="${version}" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>${inner}</edmx:DataServices></edmx:Edmx>`;

  it('fields of base types are inherited, also across schemas and by alias', () => {
    const metadata = parseMetadata(
      edmx(`<Schema Namespace="a.b" Alias="S"><EntityType Name="Base" Abstract="true"><Key><PropertyRef Name="Id"/></Key><Property Name="Id" Type="Edm.Int64"/></EntityType></Schema>
        <Schema Namespace="c"><EntityType Name="Row" BaseType="S.Base"><Property Name="Day" Type="Edm.Date"/></EntityType>
        <EntityContainer Name="C"><EntitySet Name="Rows" EntityType="c.Row"/></EntityContainer></Schema>`),
    );
    expect(metadata).toMatchObject({
      version: 'v4',
      namespaces: ['a.b', 'c'],
      entitySets: [
        {
          name: 'Rows',
          keys: ['Id'],
          fields: [
            { name: 'Id', type: 'Edm.Int64' },
            { name: 'Day', type: 'Edm.Date' },
          ],
        },
      ],
    });
  });

  it('types that inherit in a circle do not hang', () => {
    const metadata = parseMetadata(
      edmx(`<Schema Namespace="c"><EntityType Name="A" BaseType="c.B"/><EntityType Name="B" BaseType="c.A"/>
        <EntityContainer Name="C"><EntitySet Name="Rows" EntityType="c.A"/></EntityContainer></Schema>`),
    );
    expect(metadata.entitySets).toEqual([{ name: 'Rows', fields: [], keys: [], navigations: [] }]);
  });

  it.each(['', '<html><body>Sign in</body></html>', '<a', edmx('')])('%s is refused as no metadata', (text) => {
    expect(() => parseMetadata(text)).toThrow('$metadata is not an OData metadata document');
  });

  it('an entity set without a date or a number is no stream', () => {
    expect(
      exampleStream({ name: 'Texts', keys: [], navigations: [], fields: [{ name: 'Id', type: 'Edm.String' }] }, 'v4'),
    ).toBeNull();
  });

  it('paths below a company and behind navigation properties are followed', () => {
    const metadata = parseMetadata(
      edmx(`<Schema Namespace="Microsoft.NAV"><EntityType Name="company"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.Guid"/>
        <NavigationProperty Name="lines" Type="Collection(Microsoft.NAV.line)"/></EntityType>
        <EntityType Name="line"><Property Name="amount" Type="Edm.Decimal"/><Property Name="address" Type="Microsoft.NAV.place"/>
        <NavigationProperty Name="account" Type="Microsoft.NAV.account"/></EntityType>
        <ComplexType Name="place"><Property Name="city" Type="Edm.String"/></ComplexType>
        <EntityType Name="account"><Property Name="number" Type="Edm.String"/></EntityType>
        <EntityContainer Name="C"><EntitySet Name="companies" EntityType="Microsoft.NAV.company"/></EntityContainer></Schema>`),
    );
    const type = typeOfPath(metadata, 'companies(5d115c9c-44e3-ea11-bb43-000d3a2feca1)/lines');
    if (type === null) throw new Error('no type');
    expect(fieldAt(metadata, type, 'account/number')).toEqual({
      field: { name: 'number', type: 'Edm.String' },
      navigations: [{ path: 'account', isCollection: false }],
    });
    expect(fieldAt(metadata, type, 'address/city')?.navigations).toEqual([]);
    expect(fieldAt(metadata, type, 'account/name')).toBeNull();
    expect(typeOfPath(metadata, "companies('a/b')/nothing")).toBeNull();
  });

  it('V2 says in associations where a navigation property leads, and units in attributes of SAP', () => {
    const metadata = parseMetadata(
      `<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx" xmlns:sap="http://www.sap.com/Protocols/SAPData"><edmx:DataServices><Schema Namespace="S">
        <EntityType Name="Item"><Property Name="Amount" Type="Edm.Decimal" sap:unit="Crcy"/><Property Name="Crcy" Type="Edm.String" sap:semantics="currency-code"/>
        <Property Name="Quantity" Type="Edm.Decimal" sap:unit="Uom"/><Property Name="Uom" Type="Edm.String" sap:semantics="unit-of-measure"/>
        <NavigationProperty Name="Header" Relationship="S.A" FromRole="I" ToRole="H"/></EntityType>
        <EntityType Name="Header"><Property Name="Project" Type="Edm.String"/><NavigationProperty Name="Items" Relationship="S.A" FromRole="H" ToRole="I"/></EntityType>
        <Association Name="A"><End Type="S.Item" Multiplicity="*" Role="I"/><End Type="S.Header" Multiplicity="1" Role="H"/></Association>
        <EntityContainer Name="C"><EntitySet Name="Items" EntityType="S.Item"/></EntityContainer></Schema></edmx:DataServices></edmx:Edmx>`,
    );
    const type = typeOfPath(metadata, 'Items');
    if (type === null) throw new Error('no type');
    expect(type.fields.map(({ unit }) => unit)).toEqual([
      { of: 'currency', field: 'Crcy' },
      undefined,
      { of: 'unit', field: 'Uom' },
      undefined,
    ]);
    expect(fieldAt(metadata, type, 'Header/Project')?.navigations).toEqual([{ path: 'Header', isCollection: false }]);
    expect(fieldAt(metadata, type, 'Header/Items/Amount')?.navigations[1]).toEqual({
      path: 'Header/Items',
      isCollection: true,
    });
  });
});
