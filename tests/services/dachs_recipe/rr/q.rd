<resource schema="rr" resdir=".">
  <!-- RegTAP 1.1, the tables and columns that registry clients query; the rows come by COPY. -->
  <meta name="creationDate">2026-11-01T00:00:00Z</meta>
  <meta name="title">Test registry</meta>
  <meta name="description">The services of this DaCHS, as a searchable registry would list them.</meta>
  <meta name="creator.name">ESAP tests</meta>
  <meta name="subject">virtual-observatory</meta>
  <meta name="utype">ivo://ivoa.net/std/regtap#1.1</meta>

  <table id="resource" onDisk="True" adql="True" primary="ivoid">
    <LOOP listItems="ivoid res_type short_name res_title res_description reference_url creator_seq
      content_level content_type source_format source_value res_version waveband rights rights_uri harvested_from">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="created" type="timestamp" description="RegTAP created"/>
    <column name="updated" type="timestamp" description="RegTAP updated"/>
    <column name="region_of_regard" type="real" unit="deg" description="RegTAP region_of_regard"/>
  </table>
  <table id="capability" onDisk="True" adql="True">
    <LOOP listItems="ivoid cap_type cap_description standard_id">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="cap_index" type="smallint" required="True" description="RegTAP cap_index"/>
  </table>
  <table id="interface" onDisk="True" adql="True">
    <LOOP listItems="ivoid intf_type intf_role std_version query_type result_type wsdl_url url_use
      access_url mirror_url">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="cap_index" type="smallint" required="True" description="RegTAP cap_index"/>
    <column name="intf_index" type="smallint" required="True" description="RegTAP intf_index"/>
    <column name="authenticated_only" type="smallint" required="True" description="RegTAP authenticated_only"/>
  </table>
  <table id="res_subject" onDisk="True" adql="True">
    <LOOP listItems="ivoid res_subject">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
  </table>
  <table id="res_detail" onDisk="True" adql="True">
    <LOOP listItems="ivoid detail_xpath detail_value">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="cap_index" type="smallint" description="RegTAP cap_index"><values nullLiteral="-1"/></column>
  </table>
  <table id="res_role" onDisk="True" adql="True">
    <LOOP listItems="ivoid role_name role_ivoid street_address email telephone logo base_role">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
  </table>
  <table id="alt_identifier" onDisk="True" adql="True">
    <LOOP listItems="ivoid alt_identifier">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
  </table>
  <table id="relationship" onDisk="True" adql="True">
    <LOOP listItems="ivoid relationship_type related_id related_name">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
  </table>
  <table id="res_table" onDisk="True" adql="True">
    <LOOP listItems="ivoid table_description table_name table_type table_title table_utype">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="table_index" type="smallint" required="True" description="RegTAP table_index"/>
  </table>
  <table id="table_column" onDisk="True" adql="True">
    <LOOP listItems="ivoid name ucd unit utype datatype arraysize extended_type extended_schema flag
      std column_description">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="table_index" type="smallint" required="True" description="RegTAP table_index"/>
  </table>
  <table id="stc_spatial" onDisk="True" adql="True">
    <LOOP listItems="ivoid ref_system_name">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="coverage" type="smoc" description="RegTAP coverage"/>
  </table>
  <table id="stc_spectral" onDisk="True" adql="True">
    <LOOP listItems="ivoid">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="spectral_start" type="double precision" unit="J" description="RegTAP spectral_start"/>
    <column name="spectral_end" type="double precision" unit="J" description="RegTAP spectral_end"/>
  </table>
  <table id="stc_temporal" onDisk="True" adql="True">
    <LOOP listItems="ivoid">
      <events><column name="\item" type="text" description="RegTAP \item"/></events>
    </LOOP>
    <column name="time_start" type="double precision" unit="d" description="RegTAP time_start"/>
    <column name="time_end" type="double precision" unit="d" description="RegTAP time_end"/>
  </table>

  <data id="import">
    <LOOP listItems="resource capability interface res_subject res_detail res_role alt_identifier relationship
      res_table table_column stc_spatial stc_spectral stc_temporal">
      <events><make table="\item"/></events>
    </LOOP>
  </data>
</resource>
