<resource schema="frames" resdir=".">
  <meta name="creationDate">2026-11-01T00:00:00Z</meta>
  <meta name="title">Test frames</meta>
  <meta name="description">CCD frames of a few star fields in B, V and R.</meta>
  <meta name="creator.name">ESAP tests</meta>
  <meta name="subject">ccd-photometry</meta>
  <meta name="facility">Test 0.6 m</meta>
  <meta name="instrument">TestCam</meta>
  <meta name="coverage.waveband">Optical</meta>

  <table id="images" onDisk="True" adql="True" mixin="//siap#pgs">
    <meta name="description">One row for each frame</meta>
    <meta name="_associatedDatalinkService">
      <meta name="serviceId">links</meta>
      <meta name="idColumn">publisher_did</meta>
    </meta>
    <column name="target" type="text" ucd="meta.id;src" description="What was observed"/>
    <column name="exposure" type="real" unit="s" ucd="time.duration;obs.exposure" description="Exposure time"/>
    <column name="publisher_did" type="text" ucd="meta.ref.ivoid" description="Publisher's identifier"/>
    <mixin calibLevel="2" collectionName="'TestFrames'" targetName="target" expTime="exposure"
      did="publisher_did"
      accessURL="'\getConfig{web}{serverURL}/frames/q/links/dlmeta?ID=' || gavo_urlescape(publisher_did)"
      mime="'application/x-votable+xml;content=datalink'">//obscore#publishSIAP</mixin>
  </table>

  <data id="import">
    <sources pattern="data/*.fits"/>
    <fitsProdGrammar>
      <rowfilter procDef="//products#define"><bind key="table">"\schema.images"</bind></rowfilter>
    </fitsProdGrammar>
    <make table="images">
      <rowmaker>
        <apply procDef="//siap#setMeta">
          <bind key="title">"{} in {}".format(@OBJECT, @FILTER)</bind>
          <bind key="dateObs">@DATE_OBS</bind>
          <bind key="bandpassId">"Johnson " + @FILTER</bind>
          <bind key="pixflags">"F"</bind>
        </apply>
        <apply procDef="//siap#getBandFromFilter"/>
        <apply procDef="//siap#computePGS"/>
        <map key="target">@OBJECT</map>
        <map key="exposure">@EXPTIME</map>
        <map key="publisher_did">\standardPubDID</map>
      </rowmaker>
    </make>
  </data>

  <!-- DataLink and SODA cut-outs. -->
  <service id="links" allowed="dlmeta,dlget">
    <meta name="title">Links of the test frames</meta>
    <datalinkCore>
      <descriptorGenerator procDef="//soda#fits_genDesc"/>
      <FEED source="//soda#fits_standardDLFuncs"/>
    </datalinkCore>
  </service>

  <service id="sia" allowed="siap.xml,form">
    <meta name="shortName">test sia</meta>
    <meta name="sia.type">Pointed</meta>
    <meta name="testQuery.pos.ra">40</meta>
    <meta name="testQuery.pos.dec">10</meta>
    <meta name="testQuery.size.ra">0.1</meta>
    <meta name="testQuery.size.dec">0.1</meta>
    <publish render="siap.xml" sets="ivo_managed"/>
    <dbCore queriedTable="images">
      <condDesc original="//siap#protoInput"/>
      <condDesc original="//siap#humanInput"/>
    </dbCore>
  </service>
</resource>
